import { expect, it } from "vitest"
import { KeptText } from "./kept_text"

it("keeps a text for one bot and version, until it is saved", () => {
  localStorage.clear()
  const kept = new KeptText("7", "hello", 2)
  kept.keep("name: hello", new Date("2026-11-20T12:00:00Z"))
  expect(new KeptText("7", "hello", 2).kept).toEqual({ text: "name: hello", at: "2026-11-20T12:00:00.000Z" })
  expect(new KeptText("7", "hello", 3).kept).toBeNull()
  expect(new KeptText("8", "hello", 2).kept).toBeNull()
  expect(new KeptText("7", "", null).kept).toBeNull()
  kept.forget()
  expect(kept.kept).toBeNull()
})

it("does without a storage that is full or forbidden", () => {
  const refuse = () => {
    throw new Error("no")
  }
  const kept = new KeptText("7", "hello", 2, { getItem: refuse, setItem: refuse, removeItem: refuse })
  kept.keep("name: hello")
  kept.forget()
  expect(kept.kept).toBeNull()
})
