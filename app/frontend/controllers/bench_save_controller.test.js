import { Application } from "@hotwired/stimulus"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import BenchSaveController from "./bench_save_controller"

const settled = () => new Promise(resolve => setTimeout(resolve))
const THEIRS = "name: shared\n# theirs\n"
const CLASH = { error: { code: "changed_meanwhile", message: "Somebody has changed the file." }, yaml: THEIRS, seen: "seen of theirs" }

let application
let bench
let save

beforeEach(async () => {
  HTMLDialogElement.prototype.showModal = vi.fn()
  HTMLDialogElement.prototype.close = vi.fn()
  HTMLElement.prototype.scrollIntoView = vi.fn()
  document.body.innerHTML = `<div id="bench" data-controller="bench-save" data-bench-save-bench-outlet="#bench">
    <a>shared · version <span data-bench-save-target="version">1</span></a><div role="status"><div class="notice">Version 1 of shared is live.</div></div>
    <div data-bench-save-target="outcome" hidden><p data-bench-save-target="words"></p><ul data-bench-save-target="cases"></ul></div>
    <dialog data-bench-save-target="dialog" data-action="close->bench-save#closed"><h2 data-bench-save-target="title"></h2><p data-bench-save-target="about"></p>
    <div data-bench-save-target="difference"></div><button data-bench-save-target="confirm"></button><button data-bench-save-target="theirs"></button></dialog></div>`
  application = new Application()
  application.register("bench-save", BenchSaveController)
  await application.start()
  await settled()
  const tools = { showDifference: () => ({ destroy: vi.fn() }) }
  bench = { botValue: "shared", baseValue: 1, text: "mine", savedText: "before", tools, workshop: { save: vi.fn() }, saved: vi.fn() }
  save = application.getControllerForElementAndIdentifier(document.getElementById("bench"), "bench-save")
  Object.defineProperty(save, "benchOutlet", { value: bench })
})

afterEach(() => {
  application.stop()
  document.body.innerHTML = ""
})

async function saves(answer) {
  bench.workshop.save.mockResolvedValueOnce(answer)
  save.open()
  await save.confirm()
}

test("who has taken theirs saves what they make of it without being asked again", async () => {
  await saves(CLASH)
  save.takeTheirs()
  expect([bench.text, bench.savedText]).toEqual([THEIRS, THEIRS])
  bench.text += "# and mine\n"
  await saves({ version: 3 })
  expect(bench.workshop.save).toHaveBeenLastCalledWith(bench.text, 1, "seen of theirs")
  await saves({ version: 4 })
  expect(bench.workshop.save.mock.lastCall[2]).toBe("")
})

test("who has only looked at theirs is asked again", async () => {
  await saves(CLASH)
  save.close()
  await saves(CLASH)
  expect(bench.workshop.save.mock.lastCall[2]).toBe("")
  expect(document.querySelector("h2").textContent).toBe("Somebody else has changed it")
})

test("after a save the page says one thing of the version that is live", async () => {
  await saves({ version: 2 })
  expect(document.querySelector("a").textContent).toBe("shared · version 2")
  expect(document.body.textContent).not.toContain("Version 1 of shared is live.")
  expect(document.querySelector("[data-bench-save-target=words]").textContent).toBe("Version 2 is live.")
})
