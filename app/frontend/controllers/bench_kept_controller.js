import { Controller } from "@hotwired/stimulus"
import { KeptText } from "../models/kept_text"

// Unsaved text is kept in this browser and offered back: nothing is lost with a tab, and nothing comes back unasked.
export default class extends Controller {
  static outlets = ["bench"]
  static targets = ["offer", "time"]
  static values = { user: String, bot: String }

  offer() {
    const { kept } = this.#place
    if (!kept || kept.text === this.benchOutlet.text) return
    this.timeTarget.textContent = new Date(kept.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })
    this.offerTarget.hidden = false
    this.waiting = kept.text
  }

  // The first text to be heard of is the one that stood there: it replaces nothing.
  keep() {
    if (!this.benchOutlet.changed) return
    this.waiting = null
    this.offerTarget.hidden = true
    this.#place.keep(this.benchOutlet.text)
  }

  bringBack() {
    this.benchOutlet.text = this.waiting
  }

  throwAway() {
    this.waiting = null
    this.#place.forget()
    this.offerTarget.hidden = true
  }

  // Saved: also what was kept for the version before.
  forget() {
    for (const base of [this.before, this.benchOutlet.baseValue]) new KeptText(this.userValue, this.botValue, base).forget()
    this.before = this.benchOutlet.baseValue
  }

  benchOutletConnected(bench) {
    this.before = bench.baseValue
  }

  get #place() {
    return new KeptText(this.userValue, this.botValue, this.benchOutlet.baseValue)
  }
}
