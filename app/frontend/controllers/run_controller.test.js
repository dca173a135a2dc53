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
