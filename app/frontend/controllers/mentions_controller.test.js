import { Application } from "@hotwired/stimulus"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import MentionsController from "./mentions_controller"

const settled = () => new Promise(resolve => setTimeout(resolve))
const offered = () => [...document.querySelectorAll("li b")].map(name => name.textContent)

let application
let members

beforeEach(async () => {
  Element.prototype.scrollIntoView = () => {}
  members = [{ id: 2, username: "bea", name: "Bea", is_bot: false }]
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ members })))
  document.body.innerHTML = `<form data-controller="mentions" data-mentions-room-value="r"
      data-action="parley:frame@document->mentions#hear"><ul data-mentions-target="list" hidden></ul>
      <textarea data-mentions-target="input" data-action="input->mentions#look"></textarea></form>
    <template id="mention-template"><li data-mentions-target="option"><span class="avatar"></span><b></b><small></small></li></template>`
  application = new Application()
  application.register("mentions", MentionsController)
  await application.start()
})

afterEach(async () => {
  document.body.innerHTML = ""
  await settled()
  application.stop()
})

async function write(text) {
  const input = document.querySelector("textarea")
  input.value = text
  input.setSelectionRange(text.length, text.length)
  input.dispatchEvent(new Event("input"))
  await settled()
}

async function hear(frame) {
  document.dispatchEvent(new CustomEvent("parley:frame", { detail: { type: "event", ...frame } }))
  await write("")
  await write("@")
}

test("who has joined since is offered too", async () => {
  await write("@")
  expect(offered()).toEqual(["Bea"])
  members = [...members, { id: 3, username: "cyd", name: "Cyd", is_bot: false }]
  await hear({ room: "another", kind: "member.joined" })
  expect(offered()).toEqual(["Bea"])
  await hear({ room: "r", kind: "member.joined" })
  expect(offered()).toEqual(["Bea", "Cyd"])
})
