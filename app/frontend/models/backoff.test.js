import { expect, test } from "vitest"
import { delay } from "./backoff"

test("the first try comes within half a second", () => {
  expect(delay(1, () => 0)).toBe(0)
  expect(delay(1, () => 1)).toBe(500)
})

test("it doubles and stops growing at a minute", () => {
  const calm = [2, 3, 4, 5, 6, 7, 8, 9, 30].map(failures => delay(failures, () => 0))
  expect(calm).toEqual([1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000])
})

test("chance spreads a crowd over at most five seconds", () => {
  expect(delay(30, () => 1)).toBe(65_000)
  expect(delay(3, () => 1)).toBe(4_000)
})
