import { Controller } from "@hotwired/stimulus"
import { visit } from "@hotwired/turbo"
import { arrowInFocus, focusArrow } from "../models/arrows"
import { articleFrom } from "../models/articles"
import { fragment } from "../models/fragments"

// Another version of a message is shown. Where other messages come and go with it, the log is read again; what is being written stays.
export default class extends Controller {
  static outlets = ["log"]

  #reading = false
  #again = false
  #gone = false

  disconnect() {
    this.#gone = true
  }

  chosen({ detail: { html, message, data } }) {
    this.logOutlet.dispatch("stored", { detail: message })
    if (data.reload) this.#readAgain(message.position)
    else if (html && this.logOutlet.timeline.at(message.position)) this.#show(articleFrom(html))
  }

  #show(article) {
    const { keeper, timeline } = this.logOutlet
    const held = arrowInFocus(timeline.list)
    keeper.following(() => timeline.place(article))
    focusArrow(timeline, held)
  }

  // One after the other: of two choices in a row the later one counts.
  async #readAgain(position) {
    this.#again = true
    if (this.#reading) return
    this.#reading = true
    while (this.#again) {
      this.#again = false
      await this.#renew(position)
    }
    this.#reading = false
  }

  async #renew(position) {
    // What comes in the meantime is newer than the answer, and stays.
    const known = new Set(this.logOutlet.timeline.articles)
    const { html, words } = await fragment(location.href, "older")
    if (this.#gone) return
    if (words) return visit(location.href, { action: "replace" })
    const template = document.createElement("template")
    template.innerHTML = html
    const { keeper, timeline } = this.logOutlet
    const held = arrowInFocus(timeline.list)
    keeper.around(position, () => timeline.renew(known, [...template.content.querySelector("[data-log-target=list]").children]))
    this.#older(template.content.querySelector(".older"))
    focusArrow(timeline, held)
    this.dispatch("changed")
  }

  #older(link) {
    this.element.querySelector("[role=log] .older[data-history-target]")?.remove()
    if (link) this.logOutlet.timeline.list.before(link)
  }
}
