import { Controller } from "@hotwired/stimulus"
import { csrfToken } from "../models/api"
import { say } from "../models/notices"

// Sends a form without leaving the page: what it changes comes over the socket.
export default class extends Controller {
  async submit(event) {
    event.preventDefault()
    const button = event.submitter
    button.disabled = true
    const words = await this.#send()
    if (!words) return
    say(words)
    button.disabled = false
  }

  async #send() {
    try {
      const { status, type } = await fetch(this.element.action, {
        method: "POST",
        headers: { "X-CSRFToken": csrfToken() },
        redirect: "manual"
      })
      if (type === "opaqueredirect" || status < 400) return ""
      return status === 403
        ? "Only who asked, or an admin of the bot, can do this."
        : `The server answered ${status}. Try again in a moment.`
    } catch {
      return "The server cannot be reached. Try again when you are connected."
    }
  }
}
