import { beforeEach, expect, it } from "vitest"
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

it("says once what it waits for, and where that can be answered", () => {
  room.say("hi")
  room.hear({ outcome: "waiting", explanation: "It waits for an answer to: When?", replies: ["Wait"], steps: [{ name: "Ask", ms: 1 }] })
  expect(document.querySelector("[role=log], div").textContent.match(/When\?/g)).toHaveLength(1)
  expect(words().at(-1)).toContain("Save the bot and ask it in a room")
  expect(words().at(-2)).toBe("HelloWait")
})

it("shows what a bot writes as text, not as a page", () => {
  room.say("<img src=x onerror=alert(1)>")
  room.hear({ outcome: "replied", explanation: "", replies: ["<script>x</script>"], steps: [] })
  expect(document.querySelector("img, script")).toBeNull()
})
