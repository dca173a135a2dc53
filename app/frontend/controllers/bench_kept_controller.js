import { Controller } from "@hotwired/stimulus"
import { KeptText } from "../models/kept_text"

// Unsaved text is kept in this browser and offered back: nothing is lost with a tab, and nothing comes back unasked.
export default class extends Controller {
  static outlets = ["bench"]
  static targets = ["offer", "time"]
  static values = { user: String, bot: String }

  #waiting = null

  connect() {
    this.kept = new KeptText(this.userValue, this.botValue)
  }

  offer() {
    const { latest } = this.kept
    this.#waiting = latest && latest.text !== this.benchOutlet.text ? latest : null
    this.offerTarget.hidden = !this.#waiting
    if (this.#waiting) this.timeTarget.textContent = new Date(latest.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })
  }

  // Only what somebody has changed: the text that stood there replaces nothing. Nor does it replace what is still on offer.
  keep() {
    const { text, baseValue, changed } = this.benchOutlet
    if (!changed) return
    if (text === this.#waiting?.text) this.#taken()
    this.kept.keep(text, this.#waiting ? `${baseValue || "new"}-again` : baseValue)
  }

  bringBack() {
    this.benchOutlet.text = this.#waiting.text
  }

  throwAway() {
    this.kept.forget(this.#waiting.base)
    this.offer()
  }

  forget() {
    this.#taken()
    this.kept.forget()
  }

  #taken() {
    this.#waiting = null
    this.offerTarget.hidden = true
  }
}
