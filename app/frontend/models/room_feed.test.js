import { expect, test } from "vitest"
import { RoomFeed } from "./room_feed"

const feed = () => new RoomFeed("r", 5)

test("events are applied once and in order", () => {
  const room = feed()
  expect(room.take({ seq: 6 })).toBe("new")
  expect(room.take({ seq: 6 })).toBe("seen")
  expect(room.take({ seq: 7 })).toBe("new")
  expect(room.openFrame).toEqual({ type: "open", room: "r", after: 7 })
})

test("P5: a gap is noticed and nothing is skipped", () => {
  const room = feed()
  expect(room.take({ seq: 8 })).toBe("gap")
  expect(room.openFrame.after).toBe(5)
})

test("P5: the heartbeat shows what was lost on the way", () => {
  expect(feed().behind({ r: 6 })).toBe(true)
  expect(feed().behind({ r: 5 })).toBe(false)
  expect(feed().behind({ other: 9 })).toBe(false)
})

test("P4: resume gives exactly what is missing", () => {
  const room = feed()
  const missed = room.resume({ recovered: true, seq: 8, events: [5, 6, 7, 8].map(seq => ({ seq })) })
  expect(missed.map(event => event.seq)).toEqual([6, 7, 8])
  expect(room.take({ seq: 9 })).toBe("new")
})

test("P4: too much missed means loading the room anew", () => {
  expect(feed().resume({ recovered: false, seq: 900, events: [] })).toBe(null)
})
