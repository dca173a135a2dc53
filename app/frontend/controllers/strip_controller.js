import { Controller } from "@hotwired/stimulus"
import { fragment } from "../models/fragments"
import { isOpen, setOpen } from "../models/kept_state"
import { holding } from "../models/scroll_keeper"

const SECOND = 1000

// The line under a bot's message. It opens under the reader's hand; while the run goes on it counts, and its steps follow the run.
export default class extends Controller {
  static targets = ["details", "steps", "seconds", "step", "link"]
  static values = { id: String, run: String, live: Boolean }

  #step = ""
  #timer = 0

  connect() {
    const { run, step } = this.element.closest("article").dataset
    this.runValue ||= run
    if (this.hasLinkTarget) this.linkTarget.href = `/runs/${this.runValue}/`
    if (step) this.#at(step)
    // The strip of the draft was open: so is that of the reply which takes its place.
    const open = isOpen(this.#key) || isOpen(`run ${this.runValue}`)
    if (open && !this.detailsTarget.open) holding(this.element, () => (this.detailsTarget.open = true))
    if (open && this.idValue) this.#remember(true)
    if (!this.liveValue) return
    this.#count()
    this.#timer = setInterval(() => this.#count(), SECOND)
    if (open) this.#load()
  }

  disconnect() {
    clearInterval(this.#timer)
  }

  toggle(event) {
    event.preventDefault()
    const open = !this.detailsTarget.open
    holding(this.element, () => (this.detailsTarget.open = open))
    this.#remember(open)
    if (open && (this.liveValue || !this.stepsTarget.firstElementChild)) this.#load()
  }

  // A frame of a draft says at which step the run is.
  hear({ detail: frame }) {
    if (!this.liveValue || frame.type !== "draft" || frame.run !== this.runValue || !frame.step || frame.step === this.#step) return
    this.#at(frame.step)
    if (this.detailsTarget.open) this.#load()
  }

  get #key() {
    return this.idValue || `run ${this.runValue}`
  }

  #at(step) {
    this.#step = step
    if (this.hasStepTarget) this.stepTarget.textContent = step
  }

  #remember(open) {
    setOpen(`run ${this.runValue}`, open && !this.idValue)
    setOpen(this.#key, open)
  }

  #count() {
    const since = Date.parse(this.element.closest("article").dataset.createdAt)
    if (this.hasSecondsTarget) this.secondsTarget.textContent = `${Math.max(0, Math.round((Date.now() - since) / SECOND))} s`
  }

  async #load() {
    const { html } = await fragment(`/runs/${this.runValue}/strip/`, "strip")
    if (html && this.hasStepsTarget) holding(this.element, () => (this.stepsTarget.innerHTML = html))
  }
}
