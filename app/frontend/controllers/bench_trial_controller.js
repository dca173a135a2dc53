import { Controller } from "@hotwired/stimulus"
import { composes } from "../models/composes"
import { TrialRoom } from "../models/trial_room"

// The trial room: a conversation with the bot as its text stands now, saved or not.
export default class extends Controller {
  static outlets = ["bench"]
  static targets = ["log", "input", "send", "stop"]
  static values = { bot: String, person: String }

  #room = null
  #running = null

  connect() {
    this.#room = new TrialRoom(this.logTarget, { bot: this.botValue || "Your bot", person: this.personValue })
  }

  disconnect() {
    this.stop()
  }

  say(event) {
    event.preventDefault()
    const text = this.inputTarget.value.trim()
    if (!text || this.#running) return
    this.inputTarget.value = ""
    this.#room.say(text)
    this.#try({ messages: JSON.stringify(this.#room.said) })
  }

  // What the bot asks is answered on its card. The button goes with that, so the keyboard goes back to where one writes.
  async answer(event) {
    event.preventDefault()
    const fields = !this.#running && this.#room.reply(event.target, event.submitter)
    if (!fields) return
    this.inputTarget.focus()
    await this.#try(fields)
  }

  key(event) {
    if (event.key === "Enter" && !event.shiftKey && !composes(event)) this.say(event)
  }

  stop() {
    this.#running?.abort()
  }

  clear() {
    this.stop()
    this.#room.clear()
    this.inputTarget.focus()
  }

  async #try(said) {
    this.#run(new AbortController())
    const { workshop, text } = this.benchOutlet
    await workshop.trial(text, said, line => this.#room.hear(line), this.#running.signal)
    if (this.#running?.signal.aborted) this.#room.hear({ outcome: "cancelled", replies: [], steps: [] })
    this.#run(null)
  }

  #run(running) {
    this.#running = running
    this.sendTarget.hidden = Boolean(running)
    this.stopTarget.hidden = !running
  }
}
