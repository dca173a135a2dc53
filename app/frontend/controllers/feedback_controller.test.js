import { Application } from "@hotwired/stimulus"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import FeedbackController from "./feedback_controller"

vi.mock("@hotwired/turbo", () => ({ visit: vi.fn() }))

const settled = () => new Promise(resolve => setTimeout(resolve))
const pressed = () => [...document.querySelectorAll("button[data-by]")].map(thumb => thumb.getAttribute("aria-pressed"))
const FORM = `<form action="/feedback/"><textarea></textarea><button type="submit">Send</button><button data-cancel type="button"></button>
  <span role="alert"></span></form>`

let application

beforeEach(async () => {
  document.body.dataset.user = "7"
  vi.stubGlobal(
    "fetch",
    vi.fn(async (_, { method }) => new Response(method === "GET" ? FORM : null, { status: method === "GET" ? 200 : 204 }))
  )
  HTMLElement.prototype.scrollIntoView = vi.fn()
  document.body.innerHTML = `<article><div class="strip" data-controller="feedback" data-feedback-id-value="m" data-feedback-url-value="/feedback/">
    <button data-by="2,7" data-feedback-target="thumb" data-action="feedback#up">up</button>
    <button data-by="2,77" data-feedback-target="thumb" data-action="feedback#down">down</button></div></article>`
  application = new Application()
  application.register("feedback", FeedbackController)
  await application.start()
  await settled()
})

afterEach(async () => {
  document.querySelector("[data-cancel]")?.click()
  document.body.innerHTML = ""
  await settled()
  application.stop()
})

const sent = place => fetch.mock.calls[place][1].body.get("value")

test("one's own thumb is known among those of all", () => {
  expect(pressed()).toEqual(["true", "false"])
})

test("the same thumb again takes it back, and asks nothing", async () => {
  document.querySelectorAll("button")[0].click()
  await settled()
  expect(sent(0)).toBe("0")
  expect(pressed()).toEqual(["false", "false"])
  expect(document.querySelector("form")).toBeNull()
})

test("a double click is one thumb, and asks once", async () => {
  const down = document.querySelectorAll("button")[1]
  down.dispatchEvent(new MouseEvent("click", { detail: 1 }))
  down.dispatchEvent(new MouseEvent("click", { detail: 2 }))
  await settled()
  await settled()
  expect(fetch.mock.calls.length).toBe(2)
  expect(pressed()).toEqual(["false", "true"])
  expect(document.querySelectorAll("form").length).toBe(1)
})

test("a thumb down counts at once, then asks what was expected", async () => {
  document.querySelectorAll("button")[1].click()
  await settled()
  expect(sent(0)).toBe("-1")
  expect(pressed()).toEqual(["false", "true"])
  expect(document.activeElement.tagName).toBe("TEXTAREA")
  document.querySelector("form").requestSubmit()
  await settled()
  expect(document.querySelector("form")).toBeNull()
})
