import { Controller } from "@hotwired/stimulus"
import { visit } from "@hotwired/turbo"
import { csrfToken } from "../models/api"
import { say } from "../models/notices"

const SIGN_IN = "/account/login/"

// Sends a form without leaving the page: what it changes comes over the socket.
export default class extends Controller {
  async submit(event) {
    event.preventDefault()
    const button = event.submitter
    button.disabled = true
    const words = await this.#send(button)
    if (!words) return
    say(words)
    button.disabled = false
  }

  async #send(button) {
    try {
      const response = await fetch(this.element.action, {
        method: "POST",
        body: new FormData(this.element, button),
        headers: { "X-CSRFToken": csrfToken() }
      })
      // Nobody is signed in any more: this page says so when it is asked for again, and leads back here.
      if (response.redirected && new URL(response.url).pathname === SIGN_IN) visit(location.href, { action: "replace" })
      if (response.ok) return ""
      const reason = response.status === 403 && (await reasonIn(response))
      return reason || `The server answered ${response.status}. Try again in a moment.`
    } catch {
      return "The server cannot be reached. Try again when you are connected."
    }
  }
}

// The page of a refusal says why.
async function reasonIn(response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html")
  return page.querySelector(".entrance__lead")?.textContent.trim()
}
