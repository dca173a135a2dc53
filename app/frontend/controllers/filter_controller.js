import { Controller } from "@hotwired/stimulus"

// Narrows a list of choices to those that hold what was typed. What is chosen stays in view.
export default class extends Controller {
  static targets = ["input", "choice", "none"]

  connect() {
    this.inputTarget.closest("[data-needs-script]").hidden = false
  }

  narrow() {
    const query = this.inputTarget.value.trim().toLowerCase()
    for (const choice of this.choiceTargets) {
      choice.hidden = !choice.querySelector("input").checked && !choice.textContent.toLowerCase().includes(query)
    }
    this.noneTarget.hidden = this.choiceTargets.some(choice => !choice.hidden)
  }

  // Enter in the filter is not meant to send the whole form.
  key(event) {
    if (event.key === "Enter") event.preventDefault()
  }
}
