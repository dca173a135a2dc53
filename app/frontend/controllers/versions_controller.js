import { Controller } from "@hotwired/stimulus"
import { ApiError, request } from "../models/api"
import { say } from "../models/notices"

// The arrows between the versions of a message. What they show comes over the socket, to everybody in the room.
export default class extends Controller {
  static targets = ["previous", "next"]

  #busy = false

  // The button stays enabled: one that is disabled loses the focus, and whoever uses the keyboard their place.
  // Where a message stands by itself, the form leads to the room.
  async choose(event) {
    if (!this.element.closest("[role=log]")) return
    event.preventDefault()
    if (this.#busy) return
    this.#busy = true
    try {
      await request("POST", `messages/${event.currentTarget.dataset.message}/choice`)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      say(error.message)
    } finally {
      this.#busy = false
    }
  }

  key(event) {
    if (event.key === "ArrowLeft" && this.hasPreviousTarget) this.#press(event, this.previousTarget)
    else if (event.key === "ArrowRight" && this.hasNextTarget) this.#press(event, this.nextTarget)
  }

  #press(event, button) {
    event.preventDefault()
    button.focus()
    button.form.requestSubmit()
  }
}
