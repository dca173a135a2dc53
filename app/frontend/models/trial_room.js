import { rendered } from "./markdown"

// The log of a trial: what was said to a bot that is not saved, and what it answered. Nothing of it is in any room.
export class TrialRoom {
  constructor(log, { bot, person }) {
    this.log = log
    this.names = { bot, you: person }
    this.said = []
  }

  clear() {
    this.said = []
    this.log.replaceChildren()
  }

  say(text) {
    this.said.push({ by: "you", text })
    this.#article("you", text)
    this.open = this.#article("bot", "", "thinking …")
  }

  // A line of the answer as it comes.
  hear(line) {
    if (line.outcome) this.#end(line)
    else if (line.text) this.#write(this.open, line.text)
    else if (line.activity) this.#note(this.open, line.activity)
    this.log.scrollTop = this.log.scrollHeight
  }

  #end({ outcome, explanation, replies, steps }) {
    this.open.remove()
    for (const reply of replies) {
      this.said.push({ by: "bot", text: reply })
      this.last = this.#article("bot", reply)
    }
    if (outcome === "failed") this.last = this.#article("bot", explanation, "", "trial__message--failed")
    else if (outcome === "waiting") this.#article("bot", explanation || "It waits.", UNANSWERED, "trial__message--quiet")
    else if (!replies.length) this.last = this.#article("bot", NOTHING[outcome] ?? explanation ?? "", "", "trial__message--quiet")
    if (outcome === "waiting") return
    if (steps.length) this.#note(this.last, steps.map(({ name, ms }) => `${name} ${ms} ms`).join(" · "))
  }

  #article(by, text, note = "", kind = "") {
    const article = document.createElement("article")
    article.className = `trial__message trial__message--${by} ${kind}`.trim()
    article.setAttribute("aria-label", this.names[by])
    const head = Object.assign(document.createElement("b"), { textContent: this.names[by], dir: "auto" })
    const body = Object.assign(document.createElement("div"), { className: "prose trial__body" })
    article.append(head, body, Object.assign(document.createElement("small"), { textContent: note }))
    this.#write(article, text)
    this.log.append(article)
    this.log.scrollTop = this.log.scrollHeight
    return article
  }

  #write(article, text) {
    article.querySelector(".trial__body").innerHTML = rendered(text)
  }

  #note(article, words) {
    article.querySelector("small").textContent = words
  }
}

const UNANSWERED =
  "Nobody can answer it in a trial. Save the bot and ask it in a room, or give the answers in a case: answers, under tests."
const NOTHING = { silent: "It says nothing.", cancelled: "It was stopped." }
