import { Controller } from "@hotwired/stimulus"
import { ApiError } from "../models/api"
import { commandOption, mentionOption } from "../models/articles"
import { composes } from "../models/composes"
import { candidates, commandsFor, complete, openCommand, openMention } from "../models/mention"
import { RoomWords } from "../models/room_words"

// Completes @names with the people and bots of the room, and /commands with those it knows.
export default class extends Controller {
  static targets = ["input", "list", "option"]
  static values = { room: String }

  #words
  #open = null
  #chosen = 0

  initialize() {
    this.#words = new RoomWords(this.roomValue)
  }

  async look() {
    const { value, selectionStart: caret, selectionEnd } = this.inputTarget
    const mention = openMention(value, caret)
    const open = caret === selectionEnd ? (mention ?? openCommand(value, caret)) : null
    this.#open = open
    if (!open) return this.close()
    const options = await this.#options(open, mention !== null)
    if (options && this.#open === open) this.#show(options)
  }

  // Somebody has come or gone: who is here, and what they know, is asked anew.
  hear({ detail: { type, room, kind } }) {
    if (type === "event" && room === this.roomValue && kind.startsWith("member.")) this.#words.forget()
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

  async #options({ query }, mention) {
    try {
      if (mention) return candidates(await this.#words.members(query), query).map(mentionOption)
      return commandsFor(await this.#words.commands(), query).map(commandOption)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return null
    }
  }

  #show(options) {
    if (!options.length) return this.close()
    this.listTarget.replaceChildren(...options)
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
    const { text, caret } = complete(input.value, input.selectionStart, this.#open.start, option.dataset.word)
    input.value = text
    input.setSelectionRange(caret, caret)
    this.close()
    input.focus()
    input.dispatchEvent(new Event("input", { bubbles: true }))
  }
}
