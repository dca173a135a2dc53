import { expect, test, vi } from "vitest"
import { Sender } from "./sender"

const sent = () => fetch.mock.calls.map(([, options]) => JSON.parse(options.body).client_id)

test("messages go out one after the other, in the order they were written", async () => {
  const waiting = []
  vi.stubGlobal(
    "fetch",
    vi.fn(() => new Promise(resolve => waiting.push(() => resolve(new Response('{"id":"m"}', { status: 201 })))))
  )
  const sender = new Sender("r")
  const told = []
  sender.send({ client_id: "a", body: "1" }, { wanted: () => true, tell: told.push.bind(told, "a") })
  const second = sender.send({ client_id: "b", body: "2" }, { wanted: () => true, tell: told.push.bind(told, "b") })
  await vi.waitFor(() => expect(sent()).toEqual(["a"]))
  expect(sender.out).toBe("a")
  waiting[0]()
  await vi.waitFor(() => expect(sent()).toEqual(["a", "b"]))
  waiting[1]()
  await second
  expect(told).toEqual(["a", { id: "m" }, "b", { id: "m" }])
  expect(sender.out).toBe(null)
})

test("what was discarded before its turn is not sent", async () => {
  vi.stubGlobal("fetch", vi.fn())
  await new Sender("r").send({ client_id: "a", body: "1" }, { wanted: () => false, tell: () => {} })
  expect(fetch).not.toHaveBeenCalled()
})

test("P2: what could not be sent is told with the reason, and the next one still goes", async () => {
  vi.stubGlobal(
    "fetch",
    vi
      .fn()
      .mockRejectedValueOnce(new TypeError("gone"))
      .mockResolvedValue(new Response('{"id":"m"}', { status: 200 }))
  )
  const sender = new Sender("r")
  const tell = vi.fn()
  await sender.send({ client_id: "a", body: "1" }, { wanted: () => true, tell })
  await sender.send({ client_id: "a", body: "1" }, { wanted: () => true, tell })
  expect(tell.mock.calls[0][0]).toMatchObject({ state: "unsent" })
  expect(tell.mock.calls[1][0]).toEqual({ id: "m" })
})
