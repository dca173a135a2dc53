import { Controller } from "@hotwired/stimulus"
import { caseItem } from "../models/case_item"

// Saving: shows what changes, asks once, and says what came of it. A save that is held back changes nothing but this page.
export default class extends Controller {
  static outlets = ["bench"]
  static targets = ["dialog", "title", "about", "difference", "confirm", "theirs", "outcome", "words", "cases", "version"]

  #seen = ""
  #theirs = ""
  #taken = ""
  #view = null

  open() {
    this.#seen = this.#taken
    const { botValue, savedText } = this.benchOutlet
    this.#ask(botValue ? "What changes" : "A new bot", "It is live as soon as it is saved.", botValue ? savedText : "")
    this.theirsTarget.hidden = true
    this.confirmTarget.textContent = "Save and make it live"
  }

  async confirm() {
    const bench = this.benchOutlet
    this.confirmTarget.disabled = true
    const told = await bench.workshop.save(bench.text, bench.baseValue || "", this.#seen)
    this.confirmTarget.disabled = false
    if (told.error?.code === "changed_meanwhile" && told.yaml) return this.#clash(told)
    this.close()
    if (told.error) return this.#heldBack(told)
    if (!bench.botValue) return this.#isNew(told)
    this.#taken = ""
    bench.saved(told.version)
    for (const shown of this.versionTargets) shown.textContent = told.version
    for (const old of this.element.querySelectorAll("[role=status] > .notice")) old.remove()
    this.#say(`Version ${told.version} is live.${told.reason ? ` It is off: ${told.reason}` : ""}`, "good")
  }

  // What is written from here on is made from theirs, although the version of this page is an older one.
  takeTheirs() {
    this.#taken = this.#seen
    this.benchOutlet.savedText = this.#theirs
    this.benchOutlet.text = this.#theirs
    this.close()
  }

  close() {
    this.dialogTarget.close()
  }

  closed() {
    this.#view?.destroy()
    this.#view = null
  }

  hide() {
    this.outcomeTarget.hidden = true
  }

  #ask(title, about, before) {
    const { tools, text } = this.benchOutlet
    this.titleTarget.textContent = title
    this.aboutTarget.textContent = before === text ? "Nothing has changed." : about
    this.closed()
    this.differenceTarget.replaceChildren()
    if (!this.dialogTarget.open) this.dialogTarget.showModal()
    this.#view = tools.showDifference(this.differenceTarget, { before, after: text })
  }

  #clash({ error, yaml, seen }) {
    this.#ask("Somebody else has changed it", `${error.message} Below: theirs, and what yours makes of it.`, yaml)
    this.#seen = seen
    this.#theirs = yaml
    this.theirsTarget.hidden = false
    this.confirmTarget.textContent = "Save mine over it"
  }

  #isNew({ name }) {
    this.benchOutlet.saved(0)
    location.assign(`/bots/${name}/edit/`) // not by Turbo, which would load this page twice and use up what it says
  }

  #heldBack({ error, problems = [], cases = [] }) {
    if (problems.length) this.benchOutlet.show(problems)
    const missed = cases.filter(({ passed }) => !passed)
    this.#say(missed.length ? `Not saved, since ${missed.length} of ${cases.length} cases failed.` : error.message, "bad", missed)
  }

  #say(words, kind, missed = []) {
    this.outcomeTarget.className = `notice bench__outcome notice--${kind === "bad" ? "error" : "success"}`
    this.wordsTarget.textContent = words
    this.casesTarget.replaceChildren(...missed.map(caseItem))
    this.outcomeTarget.hidden = false
    this.outcomeTarget.scrollIntoView({ block: "nearest" }) // who saves may be far down in the file
  }
}
