import { Controller } from "@hotwired/stimulus"
import { composes } from "../models/composes"
import { KeptWords } from "../models/kept_words"

// The box one writes in. What is half written stays in this browser; what is finished goes to the outbox.
export default class extends Controller {
  static outlets = ["attachments"]
  static targets = ["input"]
  static values = { room: String }

  #words

  connect() {
    this.#words = new KeptWords(this.roomValue, document.body.dataset.user)
    if (!this.inputTarget.value) this.inputTarget.value = this.#words.draft
    this.#grow()
    if (matchMedia("(hover: hover)").matches && !location.hash) this.inputTarget.focus({ preventScroll: true })
  }

  type() {
    this.#words.draft = this.inputTarget.value
    this.#grow()
  }

  key(event) {
    if (composes(event) || event.defaultPrevented) return
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault()
      this.element.requestSubmit()
    } else if (event.key === "ArrowUp" && !this.inputTarget.value) {
      event.preventDefault()
      this.dispatch("edit-last")
    }
  }

  submit(event) {
    event.preventDefault()
    const body = this.inputTarget.value
    const attachments = this.attachmentsOutlet.take()
    if (!attachments || !(body.trim() || attachments.length)) return
    this.inputTarget.value = ""
    this.type()
    this.dispatch("send", { detail: { body, attachments } })
    this.inputTarget.focus({ preventScroll: true })
  }

  focus() {
    this.inputTarget.focus({ preventScroll: true })
  }

  #grow() {
    if (CSS.supports("field-sizing: content")) return
    this.inputTarget.style.height = "auto"
    this.inputTarget.style.height = `${this.inputTarget.scrollHeight}px`
  }
}
