import { Controller } from "@hotwired/stimulus"
import { ApiError, request } from "../models/api"
import { mentionOption } from "../models/articles"
import { composes } from "../models/composes"
import { candidates, complete, openMention } from "../models/mention"

// Completes @names with the people and bots of the room.
export default class extends Controller {
  static targets = ["input", "list", "option"]
  static values = { room: String }

  #known = new Map()
  #open = null
  #chosen = 0

  async look() {
    const { value, selectionStart, selectionEnd } = this.inputTarget
    this.#open = selectionStart === selectionEnd ? openMention(value, selectionStart) : null
    if (!this.#open) return this.close()
    const query = this.#open.query
    const members = await this.#fetch(query)
    if (members && this.#open?.query === query) this.#show(candidates(members, query))
  }

  // Somebody has come or gone: who is here is asked anew.
  hear({ detail: { type, room, kind } }) {
    if (type === "event" && room === this.roomValue && kind.startsWith("member.")) this.#known.clear()
  }

  // A click on a name comes first, then the box loses the focus.
  leave() {
    setTimeout(() => this.close(), 150)
  }

  key(event) {
    if (this.listTarget.hidden || composes(event)) return
    const act = {
      ArrowDown: () => this.#choose(this.#chosen + 1),
      ArrowUp: () => this.#choose(this.#chosen - 1),
      Enter: () => this.#take(this.optionTargets[this.#chosen]),
      Tab: () => this.#take(this.optionTargets[this.#chosen]),
      Escape: () => this.close()
    }[event.key]
    if (!act) return
    event.preventDefault()
    act()
  }

  pick(event) {
    event.preventDefault()
    this.#take(event.currentTarget)
  }

  close() {
    this.#open = null
    this.listTarget.hidden = true
    this.inputTarget.removeAttribute("aria-activedescendant")
  }

  async #fetch(query) {
    if (this.#known.has(query)) return this.#known.get(query)
    try {
      const { members } = await request("GET", `rooms/${this.roomValue}/members?search=${encodeURIComponent(query)}`)
      const others = members.filter(member => String(member.id) !== document.body.dataset.user)
      this.#known.set(query, others)
      return others
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return null
    }
  }

  #show(members) {
    if (!members.length) return this.close()
    this.listTarget.replaceChildren(...members.map(mentionOption))
    this.listTarget.hidden = false
    this.#choose(0)
  }

  #choose(place) {
    const options = this.optionTargets
    this.#chosen = (place + options.length) % options.length
    for (const [i, option] of options.entries()) option.setAttribute("aria-selected", i === this.#chosen)
    options[this.#chosen].scrollIntoView({ block: "nearest" })
    this.inputTarget.setAttribute("aria-activedescendant", options[this.#chosen].id)
  }

  #take(option) {
    const input = this.inputTarget
    const { text, caret } = complete(input.value, input.selectionStart, this.#open.start, option.dataset.username)
    input.value = text
    input.setSelectionRange(caret, caret)
    this.close()
    input.focus()
    input.dispatchEvent(new Event("input", { bubbles: true }))
  }
}
