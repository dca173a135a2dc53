import { Controller } from "@hotwired/stimulus"

// The common fields of a bot file. They follow the text, and a change in them changes that one place of the text.
export default class extends Controller {
  static outlets = ["bench"]
  static targets = ["field", "fields", "unreadable"]

  show() {
    const bot = this.#bot
    this.fieldsTarget.disabled = !bot.readable
    this.unreadableTarget.hidden = bot.readable
    if (bot.readable) for (const field of this.fieldTargets) if (field !== document.activeElement) this.#fill(field, bot)
  }

  change({ target }) {
    const bot = this.#bot
    const path = target.dataset.path.split(".")
    this.benchOutlet.text = bot.with(path, this.#value(target))
  }

  // Another text to begin with.
  begin({ target }) {
    this.benchOutlet.text = target.selectedOptions[0].dataset.text
  }

  // Back to what the text says: a number that is none, or a part that cannot be written here.
  leave({ target }) {
    const bot = this.#bot
    if (bot.readable) this.#fill(target, bot)
  }

  get #bot() {
    const { tools, text } = this.benchOutlet
    return new tools.BotText(text)
  }

  #fill(field, bot) {
    const value = bot.get(field.dataset.path.split("."))
    if (field.type === "checkbox") field.checked = value === true
    else field.value = value === undefined || value === null || typeof value === "object" ? (field.dataset.default ?? "") : String(value)
  }

  #value(field) {
    if (field.type === "checkbox") return field.checked ? true : ""
    if (field.value === (field.dataset.default ?? "")) return ""
    const { value, type } = field
    return type === "number" && value ? Number(value) : value
  }
}
