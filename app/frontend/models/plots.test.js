import { expect, test } from "vitest"
import { formats, range } from "./plots"

const series = (...values) => [{ name: "accepted", values }]

test.each([
  ["all high", series(0.93, null, 0.97), { min: 0.8, max: 1 }],
  ["all low", series(0, 0.02), { min: 0, max: 0.1 }],
  ["middling", series(0.3, 0.4), { min: 0, max: 0.5 }],
  ["everything", series(0, 1), { min: 0, max: 1 }],
  ["nothing at all", series(null, null), { min: 0 }]
])("a scale of shares fits them: %s", (_, given, expected) => {
  expect(range("percent", given)).toMatchObject(expected)
})

test("bars begin at nothing, however high they all are", () => {
  expect(range("percent", series(0.93, 0.97), "bar")).toEqual({ min: 0, max: 1 })
})

test("times begin at nothing", () => {
  expect(range("seconds", series(3, 4))).toEqual({ min: 0 })
})

test.each([
  ["percent", 0.914, "91.4 %"],
  ["seconds", 0.6, "600 ms"],
  ["seconds", 1.94, "1.9 s"],
  ["seconds", 300, "5 min"]
])("a number is said with its unit: %s", (unit, value, words) => {
  expect(formats[unit](value)).toBe(words)
})
