import { Application } from "@hotwired/stimulus"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import VersionsController from "./versions_controller"

const settled = () => new Promise(resolve => setTimeout(resolve))
const form = (way, message) =>
  `<form data-message="${message}" data-action="versions#choose"><button data-way="${way}" data-versions-target="${way}"></button></form>`

let application, answer

beforeEach(async () => {
  vi.stubGlobal(
    "fetch",
    vi.fn(() => new Promise(resolve => (answer = () => resolve(new Response("{}")))))
  )
  document.body.innerHTML = `<section role="log"><div data-controller="versions" data-action="keydown->versions#key">${form("previous", "m1")}${form("next", "m3")}</div></section>`
  application = new Application()
  application.register("versions", VersionsController)
  await application.start()
})

afterEach(async () => {
  document.body.innerHTML = ""
  await settled()
  application.stop()
})

const press = key => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })
  document.activeElement.dispatchEvent(event)
  return event
}
const asked = () => fetch.mock.calls.map(([path]) => path)

test("an arrow asks for the version beside this one, and is not disabled meanwhile", async () => {
  const next = document.querySelector("[data-way=next]")
  next.focus()
  next.click()
  expect(asked()).toEqual(["/api/v1/messages/m3/choice"])
  expect(document.activeElement).toBe(next)
})

test("pressing twice asks once", async () => {
  const next = document.querySelector("[data-way=next]")
  next.click()
  next.click()
  expect(asked()).toHaveLength(1)
  answer()
  await settled()
  next.click()
  expect(asked()).toHaveLength(2)
})

test("the arrow keys do the same", () => {
  document.querySelector("[data-way=next]").focus()
  expect(press("ArrowLeft").defaultPrevented).toBe(true)
  expect(asked()).toEqual(["/api/v1/messages/m1/choice"])
  expect(document.activeElement.dataset.way).toBe("previous")
  expect(press("a").defaultPrevented).toBe(false)
})

test("where a message stands by itself the form is sent as it is", () => {
  document.querySelector("section").removeAttribute("role")
  const sent = vi.fn(event => event.preventDefault())
  document.addEventListener("submit", sent, { once: true })
  document.querySelector("[data-way=next]").click()
  expect(sent).toHaveBeenCalledOnce()
  expect(asked()).toEqual([])
})
