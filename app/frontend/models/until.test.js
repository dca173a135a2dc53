import { expect, test } from "vitest"
import { characters, countWords } from "./exact"
import { untilWords } from "./until"

test("what is left is told in its largest whole unit", () => {
  const now = Date.parse("2026-11-20T09:43:00Z")
  const words = at => untilWords(at, now)
  expect(words("2026-11-21T09:42:00Z")).toBe("expires in 23 h")
  expect(words("2026-11-20T10:13:30Z")).toBe("expires in 30 min")
  expect(words("2026-11-20T09:43:30Z")).toBe("expires in less than a minute")
  expect(words("2026-11-27T09:43:00Z")).toBe("expires in 7 days")
  expect(words("2026-11-20T09:43:00Z")).toBe("expired")
})

test("characters are counted as the server counts them", () => {
  expect(characters("庭𠮷👍")).toBe(3)
  expect(countWords(141, false)).toBe("exactly these 141 characters")
  expect(countWords(1, true)).toBe("your 1 character")
})
