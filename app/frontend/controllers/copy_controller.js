import { Controller } from "@hotwired/stimulus"

// Copies a text that is shown once, such as a token or an invitation.
export default class extends Controller {
  static targets = ["source", "button"]

  async copy() {
    await navigator.clipboard.writeText(this.sourceTarget.textContent.trim())
    this.buttonTarget.textContent = "Copied"
  }
}
