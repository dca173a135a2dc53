import { beforeEach, describe, expect, it, vi } from "vitest"
import { Workshop } from "./workshop"

const answer = (body, options) =>
  vi.stubGlobal(
    "fetch",
    vi.fn(async () => Object.assign(new Response(body, options), options?.more))
  )
const workshop = new Workshop("/bots/hello/edit/")

describe("what the editor asks", () => {
  beforeEach(() => {
    document.head.innerHTML = '<meta name="csrf-token" content="token">'
  })

  it("sends the text with the version it was made from", async () => {
    answer(JSON.stringify({ name: "hello", version: 3, status: "on" }))
    expect(await workshop.save("name: hello", 2, "")).toMatchObject({ status: 200, version: 3, state: "on" })
    const [address, { method, body, headers }] = fetch.mock.calls[0]
    expect([address, method, headers["X-CSRFToken"]]).toEqual(["/bots/hello/edit/save/", "POST", "token"])
    expect(Object.fromEntries(body)).toEqual({ yaml: "name: hello", base: "2", seen: "" })
  })

  it("gives a refusal as an answer, with its words", async () => {
    answer(JSON.stringify({ error: { code: "held_back", message: "Not saved." }, problems: [{ line: 2 }] }), { status: 422 })
    expect(await workshop.save("x", 2, "")).toMatchObject({ status: 422, problems: [{ line: 2 }] })
    vi.stubGlobal("fetch", vi.fn().mockRejectedValue(new TypeError("away")))
    expect(await workshop.check("x")).toMatchObject({ status: 0, error: { message: expect.stringContaining("kept here") } })
  })

  it("sends nothing that is far too long, and says so", async () => {
    answer("{}")
    for (const asked of [workshop.check, workshop.cases, workshop.save])
      expect(await asked.call(workshop, "x".repeat(64 * 1024 + 1))).toMatchObject({
        status: 413,
        error: { message: "A bot file may have 65,536 bytes. This text is longer." }
      })
    expect(fetch).not.toHaveBeenCalled()
    await workshop.check("x".repeat(64 * 1024))
    expect(fetch).toHaveBeenCalled()
  })

  it("hands on the lines of a trial as they come", async () => {
    const lines = []
    answer('{"text":"He"}\n{}\n{"text":"Hello"}\n{"outcome":"replied","replies":["Hello"]}\n')
    await workshop.trial("x", { messages: "[…]" }, line => lines.push(line))
    expect(Object.fromEntries(fetch.mock.calls[0][1].body)).toEqual({ yaml: "x", messages: "[…]" })
    expect(lines.at(-1).replies).toEqual(["Hello"])
    expect(lines).toHaveLength(4)
  })

  it("ends a trial that was refused with the reason", async () => {
    const lines = []
    answer(JSON.stringify({ error: { message: "Say something first." } }), { status: 400 })
    await workshop.trial("x", { state: "s", value: "tea" }, line => lines.push(line))
    expect(lines).toEqual([{ outcome: "failed", refused: true, explanation: "Say something first.", replies: [], steps: [] }])
  })
})
