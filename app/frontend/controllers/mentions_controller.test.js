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
  const commands = [
    { name: "joke", about: "Tells <b>a</b> joke", bots: ["echo"] },
    { name: "stop", about: "stops what bots are doing for you", bots: [] }
  ]
  vi.stubGlobal("fetch", async path => new Response(JSON.stringify(path.endsWith("/commands") ? { commands } : { members })))
  document.body.innerHTML = `<form data-controller="mentions" data-mentions-room-value="r"
      data-action="parley:frame@document->mentions#hear"><ul data-mentions-target="list" hidden></ul>
      <textarea data-mentions-target="input" data-action="keydown->mentions#key input->mentions#look"></textarea></form>
    <template id="mention-template"><li data-mentions-target="option"><span class="avatar"></span><b></b><small></small></li></template>
    <template id="command-template"><li data-mentions-target="option"><b></b><small></small></li></template>`
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

test("a / offers the commands of the room with what they do, and Enter takes one", async () => {
  await write("/")
  expect(offered()).toEqual(["/joke", "/stop"])
  expect([...document.querySelectorAll("li small")].map(line => line.textContent)).toEqual([
    "Tells <b>a</b> joke · @echo",
    "stops what bots are doing for you"
  ])
  await write("/st")
  const input = document.querySelector("textarea")
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }))
  expect(input.value).toBe("/stop ")
  await settled()
  expect(document.querySelector("ul").hidden).toBe(true)
})

test("a command that is written out is sent by Enter, not completed", async () => {
  await write("/stop")
  expect(document.querySelector("ul").hidden).toBe(true)
})
