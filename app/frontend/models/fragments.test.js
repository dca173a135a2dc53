import { visit } from "@hotwired/turbo"
import { afterEach, expect, test, vi } from "vitest"
import { elementFrom, fragment } from "./fragments"

vi.mock("@hotwired/turbo", () => ({ visit: vi.fn() }))

afterEach(() => vi.clearAllMocks())

const answer = (html, status = 200) =>
  vi.stubGlobal(
    "fetch",
    vi.fn(async () => new Response(html || null, { status }))
  )

test("a part is asked for by its name, a form is sent with it", async () => {
  answer("<form></form>")
  expect(await fragment("/here/", "correction")).toEqual({ html: "<form></form>", words: "" })
  expect(fetch.mock.calls[0][1]).toMatchObject({ method: "GET", headers: { "Turbo-Frame": "correction" } })
  const form = new FormData()
  await fragment("/here/", "correction", form)
  expect(fetch.mock.calls[1][1]).toMatchObject({ method: "POST", body: form })
})

test("a form that cannot be taken comes back as a part", async () => {
  answer('<form><span role="alert">Too long.</span></form>', 422)
  const { html, words } = await fragment("/here/", "correction", new FormData())
  expect(words).toBe("")
  expect(elementFrom(html).querySelector("[role=alert]").textContent).toBe("Too long.")
})

test.each([
  ['<p class="entrance__lead">Only people rate replies.</p>', 403, "Only people rate replies."],
  ["", 500, "The server answered 500. Try again in a moment."]
])("what went wrong is told in words", async (html, status, expected) => {
  answer(html, status)
  expect(await fragment("/here/", "feedback")).toEqual({ html: "", words: expected })
})

test("a server that is away is told too", async () => {
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("away")
  })
  expect((await fragment("/here/", "feedback")).words).toContain("cannot be reached")
})

test("who is not signed in any more is led to where they can", async () => {
  vi.stubGlobal("fetch", async () => ({
    ok: true,
    status: 200,
    redirected: true,
    url: "http://localhost/account/login/?next=/",
    text: async () => ""
  }))
  await fragment("/here/", "feedback")
  expect(visit).toHaveBeenCalledWith(location.href, { action: "replace" })
})
