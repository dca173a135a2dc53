import { Controller } from "@hotwired/stimulus"

// The line that says the connection is lost. Its place is always there, so that it is read out when words come into it.
export default class extends Controller {
  static targets = ["words", "line"]

  connect() {
    this.show({ detail: document.documentElement.dataset.connection })
  }

  show({ detail: state }) {
    const lost = state === "waiting"
    this.lineTarget.hidden = !lost
    this.wordsTarget.textContent = lost ? "Reconnecting …" : ""
  }
}
