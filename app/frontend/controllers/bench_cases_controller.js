import { Controller } from "@hotwired/stimulus"
import { caseItem } from "../models/case_item"

// The cases in the bot's file, run with the text as it stands.
export default class extends Controller {
  static outlets = ["bench"]
  static targets = ["list", "summary", "button"]

  async run() {
    const { text, workshop } = this.benchOutlet
    this.buttonTarget.disabled = true
    this.summaryTarget.textContent = "Running …"
    const told = await workshop.cases(text)
    this.buttonTarget.disabled = false
    if (told.error) return this.#show(told.error.message.replace(/^Not saved, since/, "Not run, since"), [])
    this.#show(summaryOf(told.cases), told.cases)
  }

  stale() {
    this.listTarget.classList.toggle("bench-cases--stale", this.listTarget.children.length > 0)
  }

  #show(words, cases) {
    this.summaryTarget.textContent = words
    this.listTarget.replaceChildren(...cases.map(caseItem))
    this.listTarget.classList.remove("bench-cases--stale")
  }
}

function summaryOf(cases) {
  const missed = cases.filter(({ passed }) => !passed).length
  if (!cases.length) return "There are none to run: the file has no tests, or the bot is off here."
  return missed ? `${missed} of ${cases.length} missed.` : `${cases.length} of ${cases.length} passed.`
}
