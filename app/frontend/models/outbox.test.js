import { beforeEach, expect, test } from "vitest"
import { Outbox, forget } from "./outbox"

beforeEach(() => localStorage.clear())

test("a draft is kept per room and per person", () => {
  new Outbox("kyoto", 1).draft = "half a sent"
  expect(new Outbox("kyoto", 1).draft).toBe("half a sent")
  expect(new Outbox("family", 1).draft).toBe("")
  expect(new Outbox("kyoto", 2).draft).toBe("")
})

test("an emptied draft leaves nothing behind", () => {
  const outbox = new Outbox("kyoto", 1)
  outbox.draft = "x"
  outbox.draft = "  \n"
  expect(localStorage).toHaveLength(0)
})

test("P2: what is sent is kept with its client_id until it is stored", () => {
  const outbox = new Outbox("kyoto", 1)
  const message = outbox.add("hello")
  expect(message.client_id).toMatch(/^[0-9a-f-]{36}$/)
  expect(new Outbox("kyoto", 1).unsent).toEqual([message])
  outbox.remove(message.client_id)
  expect(outbox.unsent).toEqual([])
  expect(localStorage).toHaveLength(0)
})

test("storage that is full or broken loses no page", () => {
  const broken = {
    getItem: () => "{not json",
    setItem() {
      throw new DOMException("full", "QuotaExceededError")
    },
    removeItem() {}
  }
  const outbox = new Outbox("kyoto", 1, broken)
  outbox.draft = "x"
  expect(outbox.draft).toBe("")
  expect(outbox.add("hello").body).toBe("hello")
})

test("signing out takes one's words along, not those of others", () => {
  new Outbox("kyoto", 1).draft = "mine"
  new Outbox("kyoto", 2).draft = "yours"
  forget(1)
  expect(new Outbox("kyoto", 1).draft).toBe("")
  expect(new Outbox("kyoto", 2).draft).toBe("yours")
})
