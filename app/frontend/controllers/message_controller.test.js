import { Application } from "@hotwired/stimulus"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import MessageController from "./message_controller"

const settled = () => new Promise(resolve => setTimeout(resolve))

let application

beforeEach(async () => {
  vi.stubGlobal("fetch", async () => new Response('{"body": "edited", "html": "<p>edited</p>"}'))
  document.body.innerHTML = `<article data-controller="message" data-message-id-value="m"><div data-message-target="body">before</div>
    <form data-message-target="form" data-action="message#save">
      <textarea data-message-target="input" data-action="keydown->message#key">after</textarea><b data-message-target="error"></b>
    </form></article>`
  application = new Application()
  application.register("message", MessageController)
  await application.start()
})

afterEach(async () => {
  document.body.innerHTML = ""
  await settled()
  application.stop()
})

test.each([
  ["Chrome and Firefox", { isComposing: true }],
  ["Safari", { keyCode: 229 }]
])("an Enter that chooses a word does not save, in %s", async (_, how) => {
  const save = vi.fn(event => event.preventDefault())
  document.addEventListener("submit", save, { capture: true, once: true })
  const enter = how => document.querySelector("textarea").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ...how }))
  enter(how)
  expect(save).not.toHaveBeenCalled()
  enter({})
  expect(save).toHaveBeenCalledOnce()
})

test("two clicks on Edit open one form", async () => {
  document.querySelector("form").remove()
  const template =
    '<template id="edit-template"><form data-message-target="form"><textarea data-message-target="input"></textarea></form></template>'
  document.querySelector("article").insertAdjacentHTML("beforeend", `<button data-action="message#edit"></button>${template}`)
  await settled()
  document.querySelector("button").click()
  document.querySelector("button").click()
  await settled()
  await settled()
  expect(document.querySelectorAll("article > form").length).toBe(1)
})

test("the writer gets the focus back though the edited message has taken the place of this one", async () => {
  const done = vi.fn()
  document.addEventListener("message:done", done, { once: true })
  document.querySelector("form").requestSubmit()
  document.querySelector("article").remove()
  await settled()
  expect(done).toHaveBeenCalledOnce()
})
