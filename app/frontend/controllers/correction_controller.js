import { Controller } from "@hotwired/stimulus"
import { composes } from "../models/composes"
import { elementFrom, fragment } from "../models/fragments"
import { drop, keep, kept, refocus } from "../models/kept_state"
import { say } from "../models/notices"
import { holding } from "../models/scroll_keeper"

// A reply of a bot, corrected where it stands. What others do to the message meanwhile does not take the words away.
export default class extends Controller {
  static values = { id: String }

  connect() {
    this.article = this.element.closest("article")
    for (const stray of this.article.querySelectorAll(".correction")) stray.remove()
    const form = kept(this.#key)
    if (form) this.#show(form)
  }

  async open(event) {
    event.preventDefault()
    if (kept(this.#key)) return kept(this.#key).querySelector("textarea[name=body]").focus()
    const { html, words } = await fragment(event.currentTarget.href, "correction")
    if (words) return say(words)
    // Two clicks ask twice: the form that came first stands.
    if (kept(this.#key)) return
    const form = elementFrom(html)
    keep(this.#key, form)
    this.#show(form)
    form.querySelector("textarea[name=body]").focus({ preventScroll: true })
    form.scrollIntoView({ block: "nearest" })
  }

  get #key() {
    return `correction ${this.idValue}`
  }

  get #body() {
    return this.article.querySelector("[data-message-target=body]")
  }

  #show(form) {
    form.onsubmit = event => this.#save(event, form)
    form.onkeydown = event => this.#type(event, form)
    form.querySelector("[data-cancel]").onclick = () => this.#close()
    holding(this.article, () => {
      this.#body.hidden = true
      this.#body.after(form)
    })
    refocus(form)
  }

  async #save(event, form) {
    event.preventDefault()
    event.submitter?.setAttribute("disabled", "")
    const { html, words } = await fragment(form.action, "correction", new FormData(form))
    event.submitter?.removeAttribute("disabled")
    const again = html ? elementFrom(html) : null
    const problem = words || again?.querySelector("[role=alert]")?.textContent
    if (!problem) return this.#close()
    form.querySelector("[role=alert]").textContent = problem
    if (!again) return
    // Somebody else was faster: what it says now is shown, and the form knows it, so that saving once more is a choice.
    form.elements.before.value = again.elements.before.value
    form.previousElementSibling.hidden = false
  }

  #type(event, form) {
    if (composes(event)) return
    if (event.key === "Escape") this.#close()
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit()
  }

  // The message may have been rendered anew while the server answered: whichever article stands now is the one.
  #close() {
    const article = kept(this.#key)?.closest("article") ?? this.article
    holding(article, () => {
      drop(this.#key)
      const body = article.querySelector("[data-message-target=body]")
      if (body) body.hidden = false
    })
  }
}
