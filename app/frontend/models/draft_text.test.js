import { expect, test } from "vitest"
import { DraftText } from "./draft_text"

const frame = (offset, text, attempt = 1, activity = "") => ({ attempt, offset, text, activity, step: "Chat" })

test("frames are put one after the other", () => {
  const draft = new DraftText()
  expect(draft.apply(frame(0, "歩き"))).toBe(true)
  expect(draft.apply(frame(2, "ましょう"))).toBe(true)
  expect(draft.text).toBe("歩きましょう")
})

test("offsets count code points: an emoji is one", () => {
  const draft = new DraftText()
  draft.apply(frame(0, "🦷🦷"))
  draft.apply(frame(2, "!"))
  expect(draft.text).toBe("🦷🦷!")
})

test("offset 0 starts anew", () => {
  const draft = new DraftText()
  draft.apply(frame(0, "one two three"))
  draft.apply(frame(0, "four"))
  expect(draft.text).toBe("four")
})

test("P6: a repeated or late frame changes nothing", () => {
  const draft = new DraftText()
  draft.apply(frame(0, "ab"))
  draft.apply(frame(2, "cd"))
  expect(draft.apply(frame(2, "cd"))).toBe(false)
  expect(draft.apply(frame(2, "c"))).toBe(false)
  expect(draft.text).toBe("abcd")
})

test("P6: a lost frame leaves the text as it was and says so, the next whole one heals it", () => {
  const draft = new DraftText()
  draft.apply(frame(0, "ab"))
  expect(draft.apply(frame(5, "fg"))).toBe(false)
  expect(draft.text).toBe("ab")
  expect(draft.broken).toBe(true)
  draft.apply(frame(0, "abcdefg"))
  expect(draft.text).toBe("abcdefg")
  expect(draft.broken).toBe(false)
})

test("a new attempt starts anew, an old one is not heard", () => {
  const draft = new DraftText()
  draft.apply(frame(0, "old", 1))
  draft.apply(frame(0, "new", 2))
  expect(draft.apply(frame(3, " old", 1))).toBe(false)
  expect(draft.text).toBe("new")
})

test("a frame without text only says what the bot is doing", () => {
  const draft = new DraftText()
  draft.apply(frame(0, "ab"))
  expect(draft.apply(frame(0, "", 1, "thinking with small"))).toBe(true)
  expect(draft.activity).toBe("thinking with small")
  expect(draft.text).toBe("ab")
})
