import { Application } from "@hotwired/stimulus"
import { afterEach, beforeEach, expect, test } from "vitest"
import ForController from "./for_controller"

let application

beforeEach(() => {
  application = new Application()
  application.register("for", ForController)
})

afterEach(() => {
  application.stop()
  document.body.innerHTML = ""
  for (const name of ["user", "username", "operator"]) delete document.body.dataset[name]
})

async function shown(words, viewer) {
  Object.assign(document.body.dataset, viewer)
  document.body.innerHTML = `<button data-controller="for" data-for="${words}">Retry</button>`
  await application.start()
  return !document.querySelector("button").hidden
}

test.each([
  ["2,7", { user: "7", username: "bea" }, true],
  ["2,7", { user: "77", username: "bea" }, false],
  ["2,@luke", { user: "9", username: "luke" }, true],
  ["2,operators", { user: "9", username: "ada", operator: "" }, true],
  ["2,operators", { user: "9", username: "bea" }, false],
  ["members", { user: "9", username: "bea" }, true],
  ["", { user: "9", username: "bea" }, false]
])("a control for %s is shown to %o: %s", async (words, viewer, expected) => {
  expect(await shown(words, viewer)).toBe(expected)
})

test("a control says that it has been looked at", async () => {
  await shown("2", { user: "2" })
  expect(document.querySelector("button").dataset.forKnown).toBe("")
})
