import { expect, test, vi } from "vitest"
import { request } from "./api"

const answers = (status, body) =>
  vi.stubGlobal(
    "fetch",
    vi.fn(async () => new Response(body, { status }))
  )

test("it sends JSON with the token against forgery", async () => {
  document.head.innerHTML = '<meta name="csrf-token" content="abc">'
  answers(201, '{"id":"m1"}')
  expect(await request("POST", "rooms/r/messages", { body: "hi" })).toEqual({ id: "m1" })
  const [path, options] = fetch.mock.calls[0]
  expect(path).toBe("/api/v1/rooms/r/messages")
  expect(options.headers["X-CSRFToken"]).toBe("abc")
  expect(JSON.parse(options.body)).toEqual({ body: "hi" })
})

test("a refusal says why, in the server's words", async () => {
  answers(400, '{"error":{"code":"bad_input","message":"A message needs some text."}}')
  const error = await request("POST", "x").catch(error => error)
  expect(error).toMatchObject({ message: "A message needs some text.", status: 400, code: "bad_input" })
})

test.each([429, 500, 503])("%s is told when there are no words with it", async status => {
  answers(status, "<h1>no json</h1>")
  const error = await request("POST", "x").catch(error => error)
  expect(error.message).toContain(String(status))
})

test("a server that is away is told in words", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")))
  const error = await request("POST", "x").catch(error => error)
  expect(error.message).toContain("cannot be reached")
})
