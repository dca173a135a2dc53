import { rendered } from "./markdown"
import { TrialCard } from "./trial_card"

// The log of a trial: what was said to a bot that is not saved, and what it answered and asked. Nothing of it is in any room.
export class TrialRoom {
  constructor(log, { bot, person }) {
    this.log = log
    this.names = { bot, you: person }
    this.said = []
  }

  clear() {
    this.said = []
    this.card = this.answer = null
    this.log.replaceChildren()
  }

  say(text) {
    this.card?.withdraw()
    this.card = this.answer = null
    this.said.push({ by: "you", text })
    this.#article("you", text)
    this.#think()
  }

  // The open card is answered. What to send; null when there is none.
  reply(form, button) {
    if (!this.card?.element.contains(form)) return null
    this.answer = this.card.fields(form, button)
    this.card.wait()
    this.#think()
    return this.answer
  }

  // A line of the answer as it comes.
  hear(line) {
    if (line.refused && this.answer) return this.#refuse(line.explanation)
    if (this.answer) this.#settle(this.answer)
    if (line.outcome) this.#end(line)
    else if (line.text) this.#write(this.open, line.text)
    else if (line.activity) this.#note(this.open, line.activity)
    this.log.scrollTop = this.log.scrollHeight
  }

  #refuse(words) {
    this.answer = null
    this.open.remove()
    this.card.refuse(words)
    this.log.scrollTop = this.log.scrollHeight
  }

  // Bots read an answered question as what was said, here as in a room.
  #settle(answer) {
    const { kind, question } = this.card
    if (kind === "question") this.said.push({ by: "bot", text: `Q: ${question}\n\nA (${this.names.you}): ${answer.value}` })
    this.card.settle(answer)
    this.card = this.answer = null
  }

  #end({ outcome, explanation, replies, steps, sent = [], card }) {
    this.open.remove()
    for (const reply of replies) {
      this.said.push({ by: "bot", text: reply })
      this.last = this.#article("bot", reply)
    }
    for (const { to, text } of sent) this.last = this.#article("bot", text, "", "trial__message--quiet", `Would be sent to ${to}`)
    if (card) return this.#ask(card)
    if (outcome === "failed") this.last = this.#article("bot", explanation, "", "trial__message--failed")
    else if (!replies.length && !sent.length)
      this.last = this.#article("bot", explanation || (NOTHING[outcome] ?? ""), "", "trial__message--quiet")
    if (steps.length) this.#note(this.last, steps.map(({ name, ms }) => `${name} ${ms} ms`).join(" · "))
  }

  #ask(html) {
    this.card = new TrialCard(html)
    this.log.append(this.card.element)
  }

  #think() {
    this.open = this.#article("bot", "", "thinking …")
  }

  #article(by, text, note = "", kind = "", name = this.names[by]) {
    const article = document.createElement("article")
    article.className = `trial__message trial__message--${by} ${kind}`.trim()
    article.setAttribute("aria-label", name)
    const head = Object.assign(document.createElement("b"), { textContent: name, dir: "auto" })
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

const NOTHING = { silent: "It says nothing.", cancelled: "It was stopped." }
