import { expect, test } from "vitest"
import { candidates, commandsFor, complete, openCommand, openMention } from "./mention"

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
  expect(complete("hi @be!", 6, 3, "@bea")).toEqual({ text: "hi @bea !", caret: 8 })
  expect(complete("hi @be and", 6, 3, "@bea")).toEqual({ text: "hi @bea and", caret: 8 })
})

test("a command opens after a / at the beginning of a message, and nowhere else", () => {
  expect(openCommand("/", 1)).toEqual({ start: 0, query: "" })
  expect(openCommand(" /St", 4)).toEqual({ start: 1, query: "st" })
  expect(openCommand("either/or", 9)).toBe(null)
  expect(openCommand("see /stop", 9)).toBe(null)
  expect(openCommand("/joke cats", 10)).toBe(null)
  expect(openCommand("//", 2)).toBe(null)
})

test("commands are found by their beginning, and one that is written out is left alone", () => {
  const known = ["help", "ping", "stop", "story"].map(name => ({ name }))
  const found = query => commandsFor(known, query).map(({ name }) => name)
  expect(found("st")).toEqual(["stop", "story"])
  expect(found("sto")).toEqual(["stop", "story"])
  expect(found("stop")).toEqual([])
  expect(found("x")).toEqual([])
  expect(complete("/st", 3, 0, "/stop")).toEqual({ text: "/stop ", caret: 6 })
})
