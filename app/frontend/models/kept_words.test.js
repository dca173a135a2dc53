import { beforeEach, expect, test } from "vitest"
import { forget, KeptWords } from "./kept_words"

beforeEach(() => localStorage.clear())

test("a draft is kept per room and per person", () => {
  new KeptWords("kyoto", 1).draft = "half a sent"
  expect(new KeptWords("kyoto", 1).draft).toBe("half a sent")
  expect(new KeptWords("family", 1).draft).toBe("")
  expect(new KeptWords("kyoto", 2).draft).toBe("")
})

test("an emptied draft leaves nothing behind", () => {
  const words = new KeptWords("kyoto", 1)
  words.draft = "x"
  words.draft = "  \n"
  expect(localStorage).toHaveLength(0)
})

test("P2: what is sent is kept with its client_id until it is stored", () => {
  const words = new KeptWords("kyoto", 1)
  const message = words.add({ body: "hello" })
  expect(message.client_id).toMatch(/^[0-9a-f-]{36}$/)
  expect(new KeptWords("kyoto", 1).unsent).toEqual([message])
  words.remove(message.client_id)
  expect(words.unsent).toEqual([])
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
  const words = new KeptWords("kyoto", 1, broken)
  words.draft = "x"
  expect(words.draft).toBe("")
  expect(words.add({ body: "hello" }).body).toBe("hello")
})

test("signing out takes one's words along, not those of others", () => {
  new KeptWords("kyoto", 1).draft = "mine"
  new KeptWords("kyoto", 2).draft = "yours"
  forget(1)
  expect(new KeptWords("kyoto", 1).draft).toBe("")
  expect(new KeptWords("kyoto", 2).draft).toBe("yours")
})

test("files that are uploaded and not sent are kept, and go with the message", () => {
  const words = new KeptWords("kyoto", 1)
  words.files = [{ id: "a1", name: "a.txt" }]
  expect(new KeptWords("kyoto", 1).files).toEqual([{ id: "a1", name: "a.txt" }])
  expect(words.add({ body: "", attachments: words.files }).attachments).toEqual([{ id: "a1", name: "a.txt" }])
  words.files = []
  expect(words.files).toEqual([])
})
