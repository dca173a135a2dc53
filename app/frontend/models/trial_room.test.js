import { beforeEach, describe, expect, it } from "vitest"
import { TrialRoom } from "./trial_room"

let room
beforeEach(() => {
  document.body.innerHTML = "<div></div>"
  room = new TrialRoom(document.querySelector("div"), { bot: "Hello", person: "Bea" })
})
const words = () => [...document.querySelectorAll("article")].map(article => article.textContent.trim().replace(/\s+/g, " "))

it("shows an answer as it grows, and then as it is", () => {
  room.say("hi")
  expect(words()).toEqual(["Beahi", "Hellothinking …"])
  room.hear({ text: "He", activity: "thinking" })
  room.hear({})
  room.hear({ outcome: "replied", explanation: "", replies: ["Hello **you**"], steps: [{ name: "Chat", ms: 12 }] })
  expect(document.querySelector("article:last-child strong").textContent).toBe("you")
  expect(document.querySelector("article:last-child small").textContent).toBe("Chat 12 ms")
  expect(room.said).toEqual([
    { by: "you", text: "hi" },
    { by: "bot", text: "Hello **you**" }
  ])
})

it("says why there is no answer, and that no word of it is remembered", () => {
  room.say("hi")
  room.hear({ outcome: "failed", explanation: "The model is away.", replies: [], steps: [] })
  expect(document.querySelector(".trial__message--failed").textContent).toContain("The model is away.")
  room.say("again")
  room.hear({ outcome: "silent", explanation: "", replies: [], steps: [] })
  expect(words().at(-1)).toContain("It says nothing.")
  expect(room.said.map(({ by }) => by)).toEqual(["you", "you"])
})

it("shows what a bot writes as text, not as a page", () => {
  room.say("<img src=x onerror=alert(1)>")
  room.hear({ outcome: "replied", explanation: "", replies: ["<script>x</script>"], steps: [] })
  expect(document.querySelector("img, script")).toBeNull()
})

it("shows what would be sent to a person, and says that it ends there", () => {
  room.say("hi")
  room.hear({ outcome: "silent", explanation: "", replies: [], sent: [{ to: "luke", text: "We fly." }], steps: [{ name: "Reply", ms: 1 }] })
  expect(words().slice(1)).toEqual(["Would be sent to lukeWe fly. Reply 1 ms"])
})

describe("a card", () => {
  const form = () => document.querySelector(".card-note--ask form")
  const button = name => [...document.querySelectorAll("button")].find(({ textContent }) => textContent === name)
  const card = (kind, controls) => `<section class="card-note card-note--ask" data-kind="${kind}"><p class="card-note__title">When?</p>
    <form><input type="hidden" name="state" value="s">${controls}<p class="card-note__problem" hidden></p></form></section>`
  const asked = (kind, controls) => {
    room.say("hi")
    room.hear({ outcome: "waiting", explanation: "", replies: [], steps: [], card: card(kind, controls) })
  }
  const QUESTION = `<div class="card-note__row"><input name="value"><button data-said="You answered">Answer</button></div>`
  const APPROVAL = `<div class="bytes">We fly.</div><textarea class="card-note__input" name="parts.0" hidden>We fly.</textarea><div class="card-note__row">
    <button name="value" value="yes" data-said="Approved">Approve</button><button name="value" value="no" data-said="Rejected">Reject</button></div>`

  it("is answered once, and remembered as what was said", () => {
    asked("question", QUESTION)
    document.querySelector("input:not([type])").value = "today"
    expect(room.reply(form(), button("Answer"))).toEqual({ state: "s", value: "today" })
    expect(button("Answer").disabled).toBe(true)
    room.hear({ outcome: "replied", explanation: "", replies: ["Good."], steps: [] })
    expect(document.querySelector(".card-note--settled").textContent).toMatch(/When\?\s*You answeredtoday/)
    expect(button("Answer")).toBeUndefined()
    expect(room.said.map(({ text }) => text)).toEqual(["hi", "Q: When?\n\nA (Bea): today", "Good."])
    expect(room.reply(document.querySelector("form"), null)).toBeNull()
  })

  it("that was answered wrong says why, and can be answered anew", () => {
    asked("question", QUESTION)
    room.reply(form(), button("Answer"))
    room.hear({ outcome: "failed", refused: true, explanation: "A number.", replies: [], steps: [] })
    expect(document.querySelector(".card-note__problem").textContent).toBe("A number.")
    expect([button("Answer").disabled, words()]).toEqual([false, ["Beahi"]])
    expect(room.reply(form(), button("Answer"))).not.toBeNull()
  })

  it("shows what was approved in the words it was approved in", () => {
    asked("approval", APPROVAL)
    document.querySelector("textarea").value = "We stay."
    expect(room.reply(form(), button("Approve"))).toEqual({ state: "s", value: "yes", "parts.0": "We stay." })
    room.hear({})
    expect(document.querySelector(".card-note--settled").textContent).toMatch(/We stay\.\s*Edited and approved/)
    asked("approval", APPROVAL)
    document.querySelector("textarea").value = "We stay."
    room.reply(form(), button("Reject"))
    room.hear({})
    expect([...document.querySelectorAll(".card-note--settled")].at(-1).textContent).toMatch(/We fly\.\s*Rejected/)
  })

  it("is withdrawn when something else is said", () => {
    asked("question", QUESTION)
    room.say("never mind")
    expect(document.querySelector(".card-note--settled").textContent).toContain("Not answered")
    expect(room.reply(document.querySelector("form"), null)).toBeNull()
  })
})
