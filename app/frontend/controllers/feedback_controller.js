import { Controller } from "@hotwired/stimulus"
import { elementFrom, fragment } from "../models/fragments"
import { drop, keep, kept, refocus } from "../models/kept_state"
import { say } from "../models/notices"
import { holding } from "../models/scroll_keeper"

// Thumbs under a reply. A thumb counts at once; a thumb down then asks what was wrong, and what was expected.
export default class extends Controller {
  static targets = ["thumb"]
  static values = { id: String, url: String }

  connect() {
    for (const stray of this.element.querySelectorAll(".feedback")) stray.remove()
    const form = kept(this.#key)
    if (form) this.#show(form)
  }

  // Whose thumbs these are stands in the message; which of them is one's own, only the browser knows.
  thumbTargetConnected(thumb) {
    thumb.setAttribute("aria-pressed", thumb.dataset.by.split(",").includes(document.body.dataset.user))
  }

  // The second of two clicks would take back what the first has said.
  async up({ currentTarget: thumb, detail: clicks }) {
    if (clicks > 1) return
    this.#close()
    await this.#send(thumb, 1)
  }

  async down({ currentTarget: thumb, detail: clicks }) {
    if (clicks > 1) return
    const withdrawn = thumb.ariaPressed === "true"
    this.#close()
    if (!(await this.#send(thumb, -1)) || withdrawn) return
    const { html, words } = await fragment(this.urlValue, "feedback")
    if (words) return say(words)
    if (kept(this.#key)) return
    const form = elementFrom(html)
    keep(this.#key, form)
    this.#show(form)
    form.querySelector("textarea").focus({ preventScroll: true })
    form.scrollIntoView({ block: "nearest" })
  }

  get #key() {
    return `feedback ${this.idValue}`
  }

  // The same thumb again takes it back.
  async #send(thumb, value) {
    const pressed = thumb.ariaPressed !== "true"
    const form = new FormData()
    form.set("value", pressed ? value : 0)
    const { words } = await fragment(this.urlValue, "feedback", form)
    if (words) say(words)
    else for (const one of this.thumbTargets) one.setAttribute("aria-pressed", one === thumb && pressed)
    return !words
  }

  #show(form) {
    form.onsubmit = event => this.#save(event, form)
    form.onkeydown = event => event.key === "Escape" && this.#close()
    form.querySelector("[data-cancel]").onclick = () => this.#close()
    // After a new rendering of the message this controller may be the old one: the form goes to the strip that stands.
    const strip = document.getElementById(`message-${this.idValue}`)?.querySelector(".strip") ?? this.element
    holding(strip, () => strip.append(form))
    refocus(form)
  }

  async #save(event, form) {
    event.preventDefault()
    const { html, words } = await fragment(form.action, "feedback", new FormData(form))
    const problem = words || (html ? elementFrom(html) : null)?.querySelector("[role=alert]")?.textContent
    if (!problem) return this.#close()
    form.querySelector("[role=alert]").textContent = problem
  }

  #close() {
    const form = kept(this.#key)
    if (form) holding(form.closest(".strip") ?? this.element, () => drop(this.#key))
  }
}
