import { expect, test } from "vitest"
import { ScrollKeeper } from "./scroll_keeper"

const log = scrollTop => ({ scrollHeight: 1000, clientHeight: 400, scrollTop })

test("a reader at the end follows what comes", () => {
  const element = log(600)
  const followed = new ScrollKeeper(element).following(() => (element.scrollHeight = 1100))
  expect(followed).toBe(true)
  expect(element.scrollTop).toBe(1100)
})

test("a reader further up stays where they are", () => {
  const element = log(300)
  const followed = new ScrollKeeper(element).following(() => (element.scrollHeight = 1100))
  expect(followed).toBe(false)
  expect(element.scrollTop).toBe(300)
})

test("older messages come above without moving what is read", () => {
  const element = log(0)
  new ScrollKeeper(element).keeping(() => (element.scrollHeight = 1600))
  expect(element.scrollTop).toBe(600)
})
