import { beforeEach, expect, it } from "vitest"
import { KeptText } from "./kept_text"

beforeEach(() => localStorage.clear())

it("keeps a text for one person and bot until it is saved", () => {
  const kept = new KeptText("7", "hello")
  kept.keep("name: hello", 2, new Date("2026-11-20T12:00:00Z"))
  expect(new KeptText("7", "hello").latest).toEqual({ text: "name: hello", at: "2026-11-20T12:00:00.000Z", base: "2" })
  expect(new KeptText("8", "hello").latest).toBeNull()
  expect(new KeptText("7", "hell").latest).toBeNull()
  expect(new KeptText("7", "").latest).toBeNull()
  kept.forget()
  expect(kept.latest).toBeNull()
})

it("loses nothing when somebody else has saved a version meanwhile", () => {
  const kept = new KeptText("7", "hello")
  kept.keep("from version 2", 2, new Date("2026-11-20T12:00:00Z"))
  kept.keep("from version 3", 3, new Date("2026-11-20T11:00:00Z"))
  expect(kept.latest).toMatchObject({ text: "from version 2", base: "2" })
  kept.forget("2")
  expect(kept.latest).toMatchObject({ text: "from version 3", base: "3" })
})

it("does without a storage that is full or forbidden", () => {
  const refuse = () => {
    throw new Error("no")
  }
  const kept = new KeptText("7", "hello", { "parley:7:bot:hello:2": "", getItem: refuse, setItem: refuse, removeItem: refuse })
  kept.keep("name: hello", 2)
  kept.forget()
  expect(kept.latest).toBeNull()
})
