import { Application } from "@hotwired/stimulus"
import { visit } from "@hotwired/turbo"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import RemoteController from "./remote_controller"

vi.mock("@hotwired/turbo", () => ({ visit: vi.fn() }))

const settled = () => new Promise(resolve => setTimeout(resolve))
const said = () => document.getElementById("toasts").textContent
const redirectedTo = path => ({ ok: true, status: 200, redirected: true, url: `http://localhost${path}` })
const button = () => document.querySelector("button")

let application

beforeEach(async () => {
  document.body.innerHTML = `<form action="/runs/r/retry/" data-controller="remote" data-action="remote#submit"><button>Retry</button></form>
    <div id="toasts"></div>`
  application = new Application()
  application.register("remote", RemoteController)
  await application.start()
})

afterEach(async () => {
  vi.clearAllMocks()
  document.body.innerHTML = ""
  await settled()
  application.stop()
})

async function press(answer) {
  vi.stubGlobal("fetch", answer)
  button().click()
  await settled()
}

test("a refusal is told in the server's own words", async () => {
  const page = '<main><p class="entrance__lead">Echo is switched off at the moment. Try again when it is back.</p></main>'
  await press(async () => new Response(page, { status: 403 }))
  expect(said()).toBe("Echo is switched off at the moment. Try again when it is back.")
  expect(button().disabled).toBe(false)
})

test("any other failure says what to do", async () => {
  await press(async () => new Response("", { status: 503 }))
  expect(said()).toContain("503")
  await press(async () => {
    throw new TypeError("away")
  })
  expect(said()).toContain("cannot be reached")
})

test("what was taken is said by what comes over the socket, and asked once", async () => {
  await press(async () => redirectedTo("/rooms/r/"))
  expect(said()).toBe("")
  expect(button().disabled).toBe(true)
  expect(visit).not.toHaveBeenCalled()
})

test("who is not signed in any more is led to where they can", async () => {
  await press(async () => redirectedTo("/account/login/?next=/runs/r/retry/"))
  expect(visit).toHaveBeenCalledWith(location.href, { action: "replace" })
})
