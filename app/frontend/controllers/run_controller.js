import { Controller } from "@hotwired/stimulus"
import { renew } from "../models/renewal"
import { RoomFeed } from "../models/room_feed"

// The page of a run, live: what its room's socket says of the run makes it fetch itself once more and take over what changed.
export default class extends Controller {
  static targets = ["part", "activity", "words"]
  static values = { room: String, id: String, seq: Number, over: Boolean }

  #feed
  #step = null
  #busy = false
  #again = false

  connect() {
    this.#feed = new RoomFeed(this.roomValue, this.seqValue)
    if (document.documentElement.dataset.connection === "on") this.#open()
    if (location.hash) document.getElementById(location.hash.slice(1))?.focus()
  }

  disconnect() {
    this.#send({ type: "close", room: this.roomValue })
  }

  hear({ detail: frame }) {
    if (frame.type === "hello") this.#open()
    else if (frame.type === "seq" && this.#feed.behind(frame.rooms)) this.#open()
    else if (frame.room !== this.roomValue) return
    else if (frame.type === "opened") this.#resume(frame)
    else if (frame.type === "event") this.#take(frame)
    else if (frame.run !== this.idValue) return
    else if (frame.type === "draft") this.#show(frame)
    else if (frame.type === "draft.end") this.#rest()
  }

  #open() {
    this.#send(this.#feed.openFrame)
  }

  #resume(frame) {
    const missed = this.#feed.resume(frame)
    const draft = frame.drafts.find(draft => draft.run === this.idValue)
    if (draft) this.#show(draft)
    // Between this page and the open room a step may have been told of, which is no event.
    if (!missed || !this.overValue || missed.some(event => this.#concerns(event))) this.#renew()
  }

  #take(event) {
    const verdict = this.#feed.take(event)
    if (verdict === "gap") this.#open()
    else if (verdict === "new" && this.#concerns(event)) this.#renew()
  }

  // The end of another run may be that of one this run waits for, or of one that was made from it.
  #concerns({ kind, message }) {
    return kind === "run.ended" || message?.metadata.run === this.idValue
  }

  #show({ step, activity }) {
    this.activityTarget.hidden = false
    this.wordsTarget.textContent = [step, activity || "answering"].filter(Boolean).join(": ")
    if (step === this.#step) return
    this.#step = step
    this.#renew()
  }

  #rest() {
    this.activityTarget.hidden = true
    this.#step = null
    this.#renew()
  }

  async #renew() {
    this.#again = this.#busy
    if (this.#busy) return
    this.#busy = true
    try {
      // Not what the address bar says: that may lead to the next page already.
      const answer = await fetch(`/runs/${this.idValue}/`, { headers: { Accept: "text/html" }, credentials: "same-origin" })
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html")
      if (answer.ok && this.element.isConnected) renew(document, fresh, { parts: ["run-head", "run-said"], list: "run-rows" })
    } catch {
      // The connection is gone: when it is back, "hello" asks again.
    } finally {
      this.#busy = false
      if (this.#again) this.#renew()
    }
  }

  #send(frame) {
    document.dispatchEvent(new CustomEvent("parley:send", { detail: frame }))
  }
}
