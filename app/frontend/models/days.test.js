import { expect, test } from "vitest"
import { clock, dayLabel, dayOf } from "./days"

test("a time is told in the reader's zone", () => {
  expect(clock("2026-11-20T23:41:00Z", "UTC")).toBe("23:41")
  expect(clock("2026-11-20T23:41:00Z", "Australia/Melbourne")).toBe("10:41")
  expect(clock("2026-11-20T00:05:00Z", "UTC")).toBe("00:05")
})

test("the day turns at the reader's midnight", () => {
  expect(dayOf("2026-11-20T23:41:00Z", "UTC")).toBe("2026-11-20")
  expect(dayOf("2026-11-20T23:41:00Z", "Asia/Tokyo")).toBe("2026-11-21")
})

test("the year is told when it is not this one", () => {
  const now = Date.parse("2026-11-20T12:00:00Z")
  expect(dayLabel("2026-11-20T09:41:00Z", "UTC", now)).toBe("Friday 20 November")
  expect(dayLabel("2025-12-31T09:41:00Z", "UTC", now)).toBe("Wednesday 31 December 2025")
})
