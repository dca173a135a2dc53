import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { Connection } from "./connection"

let sockets, frames, states, connection

class FakeSocket {
  sent = []
  closed = false
  constructor() {
    sockets.push(this)
  }
  send(text) {
    this.sent.push(JSON.parse(text))
  }
  close() {
    this.closed = true
  }
  hear(frame) {
    this.onmessage({ data: JSON.stringify(frame) })
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  frames = []
  states = []
  connection = new Connection({
    url: "ws://parley.test/ws",
    open: () => new FakeSocket(),
    onFrame: frame => frames.push(frame.type),
    onState: state => states.push(state),
    random: () => 0
  })
})

afterEach(() => {
  connection.stop()
  vi.useRealTimers()
})

test("it is on when the server has said hello, not before", () => {
  connection.start()
  expect(connection.send({ type: "ping" })).toBe(false)
  sockets[0].hear({ type: "hello" })
  expect(states).toEqual(["on"])
  expect(connection.send({ type: "open", room: "r" })).toBe(true)
  expect(sockets[0].sent).toEqual([{ type: "open", room: "r" }])
})

test("it connects again after a close, later each time", () => {
  connection.start()
  sockets[0].hear({ type: "hello" })
  sockets[0].onclose({ code: 1006 })
  expect(states).toEqual(["on", "waiting"])
  vi.advanceTimersByTime(0)
  expect(sockets).toHaveLength(2)
  sockets[1].onclose({ code: 1006 })
  vi.advanceTimersByTime(999)
  expect(sockets).toHaveLength(2)
  vi.advanceTimersByTime(1)
  expect(sockets).toHaveLength(3)
})

test("a success starts the waiting anew", () => {
  connection.start()
  for (const wait of [0, 1000, 2000]) {
    sockets.at(-1).onclose({ code: 1006 })
    vi.advanceTimersByTime(wait)
  }
  sockets.at(-1).hear({ type: "hello" })
  const count = sockets.length
  sockets.at(-1).onclose({ code: 1006 })
  vi.advanceTimersByTime(0)
  expect(sockets).toHaveLength(count + 1)
})

test("P5: a socket that is silent for a minute is given up", () => {
  connection.start()
  sockets[0].hear({ type: "hello" })
  vi.advanceTimersByTime(50_000)
  expect(sockets[0].sent).toEqual([{ type: "ping" }, { type: "ping" }])
  expect(sockets).toHaveLength(1)
  vi.advanceTimersByTime(25_000)
  expect(states).toEqual(["on", "waiting"])
  expect(sockets[0].closed).toBe(true)
  vi.advanceTimersByTime(1)
  expect(sockets).toHaveLength(2)
})

test("answers keep it alive", () => {
  connection.start()
  sockets[0].hear({ type: "hello" })
  for (let i = 0; i < 8; i++) {
    vi.advanceTimersByTime(25_000)
    sockets[0].hear({ type: "pong" })
  }
  expect(sockets).toHaveLength(1)
})

test("P5: the beat of the server is answered, for the timers of a hidden tab come too seldom", () => {
  connection.start()
  sockets[0].hear({ type: "hello" })
  sockets[0].hear({ type: "seq", rooms: {} })
  expect(sockets[0].sent).toEqual([{ type: "ping" }])
  expect(frames).toEqual(["hello", "seq"])
})

test("it hurries when the network is back", () => {
  connection.start()
  for (const wait of [0, 1000, 2000]) {
    sockets.at(-1).onclose({ code: 1006 })
    vi.advanceTimersByTime(wait)
  }
  sockets.at(-1).onclose({ code: 1006 })
  const count = sockets.length
  connection.hurry()
  expect(sockets).toHaveLength(count + 1)
})

test("a network that is gone is told at once", () => {
  connection.start()
  sockets[0].hear({ type: "hello" })
  connection.lose()
  expect(states).toEqual(["on", "waiting"])
  expect(sockets[0].closed).toBe(true)
})

test("a socket that is refused is told, so that somebody can ask why", () => {
  connection.onRefused = vi.fn()
  connection.start()
  sockets[0].hear({ type: "hello" })
  sockets[0].onclose({ code: 1006 })
  expect(connection.onRefused).not.toHaveBeenCalled()
  vi.advanceTimersByTime(0)
  sockets[1].onclose({ code: 1006 })
  expect(connection.onRefused).toHaveBeenCalledOnce()
})

test("it does not come back after the session has ended", () => {
  connection.start()
  sockets[0].hear({ type: "hello" })
  sockets[0].onclose({ code: 4001 })
  vi.advanceTimersByTime(600_000)
  expect(states).toEqual(["on", "ended"])
  expect(sockets).toHaveLength(1)
})
