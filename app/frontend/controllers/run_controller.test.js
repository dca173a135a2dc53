import { Application } from "@hotwired/stimulus"
import { afterEach, expect, test, vi } from "vitest"
import RunController from "./run_controller"

const settled = () => new Promise(resolve => setTimeout(resolve))

afterEach(() => history.replaceState(null, "", "/"))

test("the page asks for its own run anew, though the address is that of the next page already", async () => {
  const fetch = vi.fn(async () => new Response("", { status: 404 }))
  vi.stubGlobal("fetch", fetch)
  document.body.innerHTML = `<div data-controller="run" data-run-room-value="r" data-run-id-value="one" data-run-seq-value="1"
    data-action="parley:frame@document->run#hear"><p data-run-target="activity"><b data-run-target="words"></b></p></div>`
  const application = new Application()
  application.register("run", RunController)
  await application.start()
  await settled()
  history.pushState(null, "", "/runs/two/")
  document.dispatchEvent(new CustomEvent("parley:frame", { detail: { type: "draft", room: "r", run: "one", step: "Chat" } }))
  await settled()
  expect(fetch.mock.calls.map(([url]) => url)).toEqual(["/runs/one/"])
  document.body.innerHTML = ""
  await settled()
  application.stop()
})

test.each([
  ["false", 1],
  ["true", 0]
])("when the room is open and the run is over (%s), the page asks anew so often: %i", async (over, times) => {
  const fetch = vi.fn(async () => new Response("", { status: 404 }))
  vi.stubGlobal("fetch", fetch)
  document.body.innerHTML = `<div data-controller="run" data-run-room-value="r" data-run-id-value="one" data-run-seq-value="1"
    data-run-over-value="${over}" data-action="parley:frame@document->run#hear"></div>`
  const application = new Application()
  application.register("run", RunController)
  await application.start()
  await settled()
  const opened = { type: "opened", room: "r", recovered: true, seq: 1, events: [], drafts: [] }
  document.dispatchEvent(new CustomEvent("parley:frame", { detail: opened }))
  await settled()
  expect(fetch).toHaveBeenCalledTimes(times)
  document.body.innerHTML = ""
  await settled()
  application.stop()
})
