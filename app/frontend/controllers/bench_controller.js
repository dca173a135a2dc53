import { Controller } from "@hotwired/stimulus"
import { problemItem } from "../models/problem_item"
import { Workshop } from "../models/workshop"

const PAUSE = 350

// The workbench of a bot: its text, and what is wrong with it. What stands beside it (form, kept text, saving, trial room, cases) hears
// bench:ready, bench:changed and bench:saved, and reaches it as an outlet.
export default class extends Controller {
  static targets = ["source", "code", "problems", "state", "save"]
  static values = { bot: String, base: Number, address: String }

  #editor = null
  #checking = 0
  #schema = null

  async connect() {
    this.workshop = new Workshop(this.addressValue)
    this.savedText = this.sourceTarget.dataset.saved ?? this.sourceTarget.value
    this.tools = await import("../editor")
    if (!this.element.isConnected || this.#editor) return
    this.#editor = this.#open()
    this.sourceTarget.hidden = true
    this.dispatch("ready")
    this.#tell()
    this.check()
    const schema = await this.workshop.schema()
    if (!schema.error) this.#schema = new this.tools.LanguageSchema(schema)
  }

  disconnect() {
    clearTimeout(this.#checking)
    this.#editor?.destroy()
    this.#editor = null
    this.sourceTarget.hidden = false
  }

  get text() {
    return this.#editor?.text ?? this.sourceTarget.value
  }

  set text(text) {
    if (this.#editor) this.#editor.text = text
  }

  get changed() {
    return this.text !== this.savedText
  }

  async check() {
    const { text } = this
    const told = await this.workshop.check(text)
    if (!this.#editor || text !== this.text) return // an answer to a text that is no more
    if (told.error) this.say(told.error.message)
    else this.show(told.problems)
    this.dispatch("checked", { detail: told })
  }

  show(problems) {
    this.#editor?.show(problems)
    this.problemsTarget.replaceChildren(...problems.map(problemItem))
    this.problemsTarget.hidden = problems.length === 0
  }

  say(words) {
    this.stateTarget.textContent = words
  }

  goTo = ({ params: { line } }) => this.#editor.goTo(line)

  saved(version) {
    this.savedText = this.text
    this.baseValue = version
    this.#mark()
    this.dispatch("saved")
  }

  #open() {
    const heard = { language: () => this.#schema, changed: () => this.#change(), save: () => this.dispatch("save") }
    return new this.tools.CodeEditor(this.codeTarget, { text: this.sourceTarget.value, ...heard })
  }

  #change() {
    this.#tell()
    this.#editor.show(this.tools.faultsIn(new this.tools.BotText(this.text), this.#schema))
    clearTimeout(this.#checking)
    this.#checking = setTimeout(() => this.check(), PAUSE)
  }

  #tell() {
    this.sourceTarget.value = this.text
    this.#mark()
    this.dispatch("changed")
  }

  #mark() {
    this.saveTarget.disabled = Boolean(this.botValue) && !this.changed
    this.say(this.botValue && this.changed ? "Not saved yet" : "")
  }
}
