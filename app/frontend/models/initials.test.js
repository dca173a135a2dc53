import { expect, test } from "vitest"
import { initials } from "./initials"

test.each([
  ["Ada", "AD"],
  ["Bea Lang", "BL"],
  ["Luke R. Skye", "LR"],
  ["京都の五月", "京"],
  ["あい", "あ"],
  ["kids-diary-bot", "KD"],
  ["X", "X"],
  ["مرحبا بك", "مب"],
  ["✨", "?"],
  ["", "?"]
])("%s becomes %s", (name, expected) => {
  expect(initials(name)).toBe(expected)
})
