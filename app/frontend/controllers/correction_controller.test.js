import { Application } from "@hotwired/stimulus"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import CorrectionController from "./correction_controller"

vi.mock("@hotwired/turbo", () => ({ visit: vi.fn() }))

const settled = () => new Promise(resolve => setTimeout(resolve))
const form = (before, problem = "") => `<form class="correction" action="/correction/"><textarea name="before">${before}</textarea>
  <textarea name="body">${before}</textarea><button type="submit"></button><button data-cancel type="button"></button><span role="alert">${problem}</span></form>`
const said = () => document.querySelector("[data-message-target=body]")

let application

beforeEach(async () => {
  HTMLElement.prototype.scrollIntoView = vi.fn()
  document.body.innerHTML = `<article><div data-message-target="body">One</div>
    <div data-controller="correction" data-correction-id-value="m"><a href="/correction/" data-action="correction#open">Correct</a></div></article>`
  application = new Application()
  application.register("correction", CorrectionController)
  await application.start()
  await settled()
})

afterEach(async () => {
  document.querySelector("[data-cancel]")?.click()
  document.body.innerHTML = ""
  await settled()
  application.stop()
})

async function open(clicks = 1) {
  for (let click = 0; click < clicks; click++) document.querySelector("a").click()
  await settled()
  await settled()
}

test("two clicks open one form", async () => {
  vi.stubGlobal("fetch", async () => new Response(form("One")))
  await open(2)
  expect(document.querySelectorAll(".correction").length).toBe(1)
})

test("somebody was faster: what the reply says now is shown beside one's own words", async () => {
  vi.stubGlobal("fetch", async (_, { method }) =>
    method === "GET" ? new Response(form("One")) : new Response(form("Two", "Somebody has changed this reply meanwhile."), { status: 422 })
  )
  await open()
  expect(said().hidden).toBe(true)
  document.querySelector("[name=body]").value = "Mine"
  document.querySelector("form").requestSubmit()
  await settled()
  await settled()
  expect(said().hidden).toBe(false)
  expect(["before", "body"].map(name => document.querySelector(`[name=${name}]`).value)).toEqual(["Two", "Mine"])
})
