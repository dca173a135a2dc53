import { expect, test } from "vitest"
import { candidates, complete, openMention } from "./mention"

const ROOM = [
  { username: "bea", name: "Bea Lang" },
  { username: "echo", name: "Echo" },
  { username: "japanese-bot", name: "Japanese tutor" },
  { username: "zoe", name: "Zoë Béart" }
]

test("a mention opens after an @ at the start of a word", () => {
  expect(openMention("hello @be", 9)).toEqual({ start: 6, query: "be" })
  expect(openMention("@", 1)).toEqual({ start: 0, query: "" })
  expect(openMention("(@ja", 4)).toEqual({ start: 1, query: "ja" })
})

test("an e-mail address or a finished word opens none", () => {
  expect(openMention("ada@example", 11)).toBe(null)
  expect(openMention("@bea hi", 7)).toBe(null)
  expect(openMention("hello", 5)).toBe(null)
})

test("usernames come before names, accents do not matter", () => {
  expect(candidates(ROOM, "bea").map(member => member.username)).toEqual(["bea", "zoe"])
  expect(candidates(ROOM, "tut").map(member => member.username)).toEqual(["japanese-bot"])
  expect(candidates(ROOM, "").length).toBe(4)
  expect(candidates(ROOM, "nobody")).toEqual([])
})

test("two hundred members are cut to a list one can read", () => {
  const many = Array.from({ length: 200 }, (_, i) => ({ username: `user${i}`, name: "" }))
  expect(candidates(many, "user")).toHaveLength(8)
})

test("completing keeps the rest of the line and puts the caret after the name", () => {
  expect(complete("hi @be!", 6, 3, "bea")).toEqual({ text: "hi @bea !", caret: 8 })
  expect(complete("hi @be and", 6, 3, "bea")).toEqual({ text: "hi @bea and", caret: 8 })
})
