import { Application } from "@hotwired/stimulus"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import AttachmentsController from "./attachments_controller"
import ComposerController from "./composer_controller"
import DropController from "./drop_controller"

const settled = () => new Promise(resolve => setTimeout(resolve, 5))
const chips = () =>
  [...document.querySelectorAll(".chip")].map(chip => `${chip.querySelector(".chip__name").textContent} ${chip.dataset.state}`)

let application
let requests
let sent

beforeEach(async () => {
  localStorage.clear()
  requests = []
  sent = []
  vi.stubGlobal("matchMedia", () => ({ matches: false }))
  vi.stubGlobal("CSS", { supports: () => true })
  vi.stubGlobal(
    "XMLHttpRequest",
    class {
      upload = {}
      open() {}
      setRequestHeader() {}
      abort() {}
      send(form) {
        this.name = form.get("file").name
        requests.push(this)
      }
      end(status = 201, answer = { id: this.name, name: this.name, size: 3 }) {
        Object.assign(this, { status, responseText: JSON.stringify(answer) })
        this.onload()
      }
    }
  )
  document.body.innerHTML = `<div id="toasts"></div><form id="composer" data-controller="composer attachments drop" data-composer-attachments-outlet="#composer"
      data-composer-room-value="r" data-attachments-room-value="r" data-attachments-megabytes-value="1" data-attachments-most-value="3"
      data-action="submit->composer#submit dragover@document->drop#over drop@document->drop#drop drop:files->attachments#receive">
      <ul data-attachments-target="list" hidden></ul><input type="file" data-attachments-target="input">
      <textarea data-composer-target="input" data-action="paste->drop#paste"></textarea><div data-drop-target="veil" hidden></div></form>
    <template id="chip-template"><li class="chip"><img hidden><span class="chip__icon"></span><span class="chip__name"></span>
      <span class="chip__words"></span><progress max="1"></progress><button class="chip__retry" data-action="attachments#retry"></button>
      <button class="chip__remove" data-action="attachments#remove"></button></li></template>`
  document.addEventListener("composer:send", hear)
  application = new Application()
  application.register("attachments", AttachmentsController)
  application.register("composer", ComposerController)
  application.register("drop", DropController)
  await application.start()
  await settled()
})

afterEach(async () => {
  document.removeEventListener("composer:send", hear)
  document.body.innerHTML = ""
  await settled()
  application.stop()
  vi.unstubAllGlobals()
})

const hear = ({ detail }) => sent.push(detail)
const submit = () => document.getElementById("composer").requestSubmit()

function dropped(...names) {
  const files = names.map(name => new File(["abc"], name))
  const event = Object.assign(new Event("drop", { cancelable: true }), { dataTransfer: { files, types: ["Files"] } })
  document.dispatchEvent(event)
  return settled()
}

function pasted(types, ...files) {
  const event = Object.assign(new Event("paste", { cancelable: true }), { clipboardData: { files, types } })
  document.querySelector("textarea").dispatchEvent(event)
  return event.defaultPrevented
}

test("a message of a file alone goes out with it", async () => {
  await dropped("a.txt")
  expect(chips()).toEqual(["a.txt uploading"])
  requests[0].end()
  await settled()
  expect(chips()).toEqual(["a.txt ready"])
  submit()
  expect(sent).toEqual([{ body: "", attachments: [{ id: "a.txt", name: "a.txt", size: 3 }] }])
  expect([chips(), document.querySelector("ul").hidden]).toEqual([[], true])
})

test("what is sent too early goes out by itself when its files are there", async () => {
  document.querySelector("textarea").value = "look"
  await dropped("a.txt")
  submit()
  expect(sent).toEqual([])
  expect(document.getElementById("toasts").textContent).toContain("goes out when its files are there")
  requests[0].end()
  await settled()
  expect(sent.map(({ body, attachments }) => [body, attachments.length])).toEqual([["look", 1]])
  expect(document.querySelector("textarea").value).toBe("")
})

test("a file that was refused holds the message back until it is taken out", async () => {
  document.querySelector("textarea").value = "look"
  await dropped("a.txt")
  requests[0].end(400, { error: { message: "The picture is too large." } })
  await settled()
  submit()
  expect(sent).toEqual([])
  expect(document.querySelector(".chip__words").textContent).toBe("The picture is too large.")
  document.querySelector(".chip__remove").click()
  submit()
  expect(sent).toEqual([{ body: "look", attachments: [] }])
})

test("a picture of the clipboard is added; the picture of a copied text is not", async () => {
  expect(pasted(["Files"], new File(["abc"], "image.png", { type: "text/x" }))).toBe(true)
  expect(pasted(["text/plain", "Files"], new File(["abc"], "b.png"))).toBe(false)
  expect(pasted(["text/plain"])).toBe(false)
  await settled()
  expect(chips()).toEqual(["image.png uploading"])
})

test("a file that calls itself a picture and is none has the sign of a file", () => {
  vi.stubGlobal("URL", Object.assign(class extends URL {}, { createObjectURL: () => "blob:1", revokeObjectURL: () => {} }))
  pasted(["Files"], new File(["abc"], "fake.png", { type: "image/png" }))
  const [picture, icon] = [document.querySelector(".chip img"), document.querySelector(".chip__icon")]
  expect([picture.hidden, icon.hidden]).toEqual([false, true])
  picture.dispatchEvent(new Event("error"))
  expect([picture.hidden, icon.hidden]).toEqual([true, false])
})

test("nothing to say and nothing to carry is not sent", () => {
  submit()
  expect(sent).toEqual([])
})

test("what is ready is there again after the page was left", async () => {
  await dropped("a.txt")
  requests[0].end()
  await settled()
  const form = document.getElementById("composer")
  form.remove()
  await settled()
  document.body.prepend(form)
  await settled()
  expect(chips()).toEqual(["a.txt ready"])
})
