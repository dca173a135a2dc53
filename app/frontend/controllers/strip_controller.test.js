import { Application } from "@hotwired/stimulus"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { setOpen } from "../models/kept_state"
import StripController from "./strip_controller"

vi.mock("@hotwired/turbo", () => ({ visit: vi.fn() }))

const settled = () => new Promise(resolve => setTimeout(resolve))
const details = () => document.querySelector("details")
const say = frame => document.dispatchEvent(new CustomEvent("parley:frame", { detail: frame }))

let application

beforeEach(async () => {
  vi.stubGlobal(
    "fetch",
    vi.fn(async () => new Response("<ol><li>Chat</li></ol>"))
  )
  application = new Application()
  application.register("strip", StripController)
  await application.start()
})

afterEach(async () => {
  document.body.innerHTML = ""
  await settled()
  application.stop()
  for (const key of ["m", "run r"]) setOpen(key, false)
})

async function show({ id = "", live = false, step = "" }) {
  document.body.innerHTML = `<article data-run="r" data-step="${step}" data-created-at="${new Date().toISOString()}">
    <div data-controller="strip" data-strip-id-value="${id}" data-strip-run-value="r" data-strip-live-value="${live}"
      data-action="parley:frame@document->strip#hear">
      <details data-strip-target="details"><summary data-action="click->strip#toggle"><i data-strip-target="seconds"></i>
        <b data-strip-target="step"></b></summary><div data-strip-target="steps">${live ? "" : "<ol></ol>"}</div></details>
      <a data-strip-target="link">Open run</a></div></article>`
  await settled()
}

test("a strip opens and closes, and a finished one asks the server nothing", async () => {
  await show({ id: "m" })
  document.querySelector("summary").click()
  expect(details().open).toBe(true)
  document.querySelector("summary").click()
  expect(details().open).toBe(false)
  expect(fetch).not.toHaveBeenCalled()
})

test("the strip of a message that is rendered anew is as open as it was", async () => {
  await show({ id: "m" })
  document.querySelector("summary").click()
  await show({ id: "m" })
  expect(details().open).toBe(true)
})

test("the strip of a draft hands its state to that of the reply", async () => {
  await show({ live: true, step: "Chat" })
  expect(document.querySelector("b").textContent).toBe("Chat")
  expect(document.querySelector("a").getAttribute("href")).toBe("/runs/r/")
  document.querySelector("summary").click()
  await settled()
  expect(fetch.mock.calls[0][0]).toBe("/runs/r/strip/")
  await show({ id: "m" })
  expect(details().open).toBe(true)
})

test("an open strip follows the run from step to step, and asks once for each", async () => {
  await show({ live: true, step: "Plan" })
  say({ type: "draft", run: "r", step: "Chat" })
  expect(fetch).not.toHaveBeenCalled()
  document.querySelector("summary").click()
  for (const run of ["r", "r", "another"]) say({ type: "draft", run, step: "Reply" })
  await settled()
  expect(fetch).toHaveBeenCalledTimes(2)
  expect(document.querySelector("b").textContent).toBe("Reply")
})
