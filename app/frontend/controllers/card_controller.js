import { Controller } from "@hotwired/stimulus"
import { visit } from "@hotwired/turbo"
import { csrfToken } from "../models/api"
import { composes } from "../models/composes"
import { characters, countWords } from "../models/exact"

const SIGN_IN = "/account/login/"

// A card that waits for somebody. Its answer is sent without leaving the room; what the card becomes comes over the socket.
export default class extends Controller {
  static targets = ["problem", "edit", "bytes", "input", "count"]

  connect() {
    this.asked = this.inputTargets.map(input => input.value)
  }

  // Pressed again, it leaves the text as it was asked for.
  edit(event) {
    event.preventDefault()
    const edits = this.inputTarget.hidden
    for (const bytes of this.bytesTargets) bytes.hidden = edits
    for (const [place, input] of this.inputTargets.entries()) {
      input.hidden = !edits
      input.value = this.asked[place]
    }
    this.editTarget.textContent = edits ? "Undo edit" : "Edit"
    this.count()
    const next = edits ? this.inputTarget : this.editTarget
    next.focus()
  }

  count() {
    const texts = this.inputTargets.map(input => input.value)
    const changed = texts.some((text, place) => text !== this.asked[place])
    this.countTarget.textContent = countWords(characters(texts.join("")), changed)
  }

  // Enter makes a new line in an answer; with Ctrl it sends, as in the other forms of a room.
  key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !composes(event)) event.currentTarget.form.requestSubmit()
  }

  async submit(event) {
    event.preventDefault()
    const form = event.target
    const body = new FormData(form, event.submitter)
    const buttons = [...this.element.querySelectorAll("button")]
    for (const button of buttons) button.disabled = true
    const words = await this.#send(form.action, body)
    this.problemTarget.textContent = words
    this.problemTarget.hidden = !words
    for (const button of buttons) button.disabled = false
  }

  async #send(action, body) {
    try {
      const response = await fetch(action, { method: "POST", body, headers: { "X-CSRFToken": csrfToken() } })
      // Nobody is signed in any more: this page says so when it is asked for again, and leads back here.
      if (response.redirected && new URL(response.url).pathname === SIGN_IN) visit(location.href, { action: "replace" })
      return response.ok ? "" : (await problemIn(response)) || `The server answered ${response.status}. Try again in a moment.`
    } catch {
      return "The server cannot be reached. Nothing was decided. Try again when you are connected."
    }
  }
}

// The page of a refusal says why.
async function problemIn(response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html")
  return page.querySelector(".card-note__problem:not([hidden]), .form-errors, .entrance__lead")?.textContent.trim()
}
