import { Application } from "@hotwired/stimulus"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import CardController from "./card_controller"

vi.mock("@hotwired/turbo", () => ({ visit: vi.fn() }))

let application

beforeEach(async () => {
  document.body.innerHTML = `
    <section data-controller="card">
      <form id="f" action="/approvals/1/" data-action="card#submit"><input type="hidden" name="decision" value="approve">
        <div data-card-target="bytes">Hello</div><textarea name="parts.0" data-card-target="input" data-action="input->card#count" hidden>Hello</textarea></form>
      <p class="card-note__problem" data-card-target="problem" hidden></p>
      <button id="yes" form="f" type="submit">Approve</button><a id="edit" data-action="card#edit" data-card-target="edit">Edit</a>
      <span data-card-target="count">exactly these 5 characters</span>
    </section>`
  application = Application.start()
  application.register("card", CardController)
  await Promise.resolve()
})

afterEach(() => application.stop())

const get = selector => document.querySelector(selector)
const settled = () => new Promise(resolve => setTimeout(resolve))

test("editing shows the text in a field, and says when it is not what was asked any more", () => {
  get("#edit").click()
  expect([get("textarea").hidden, get("[data-card-target=bytes]").hidden, get("#edit").textContent]).toEqual([false, true, "Undo edit"])
  get("textarea").value = "Hello you"
  get("textarea").dispatchEvent(new Event("input", { bubbles: true }))
  expect(get("[data-card-target=count]").textContent).toBe("your 9 characters")
})

test("an edit can be undone, and then the text is the one that was asked for", () => {
  get("#edit").click()
  get("textarea").value = "Hello you"
  get("#edit").click()
  expect([get("textarea").hidden, get("[data-card-target=bytes]").hidden, get("textarea").value]).toEqual([true, false, "Hello"])
  expect([get("#edit").textContent, get("[data-card-target=count]").textContent]).toEqual(["Edit", "exactly these 5 characters"])
})

test("two clicks send one decision", async () => {
  const fetch = vi.fn(() => new Promise(() => {}))
  vi.stubGlobal("fetch", fetch)
  get("#yes").click()
  get("#yes").click()
  await settled()
  expect(fetch).toHaveBeenCalledTimes(1)
  expect(fetch.mock.calls[0][1].body.get("decision")).toBe("approve")
})

test.each([
  ["Enter", false, {}],
  ["Ctrl+Enter", true, { ctrlKey: true }],
  ["Cmd+Enter", true, { metaKey: true }]
])("%s in a longer answer: whether it is sent", (_, sends, how) => {
  const sent = vi.fn(event => event.preventDefault())
  document.addEventListener("submit", sent, { capture: true, once: true })
  get("textarea").dataset.action = "keydown->card#key"
  return settled().then(() => {
    get("textarea").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ...how }))
    document.removeEventListener("submit", sent, { capture: true })
    expect(sent).toHaveBeenCalledTimes(sends ? 1 : 0)
  })
})

test("a refusal says why, and can be tried again", async () => {
  const page = '<p class="card-note__problem" role="alert">Bea has approved this already.</p>'
  vi.stubGlobal("fetch", async () => new Response(page, { status: 409 }))
  get("#yes").click()
  await settled()
  await settled()
  expect([get(".card-note__problem").textContent, get(".card-note__problem").hidden]).toEqual(["Bea has approved this already.", false])
  expect(get("#yes").disabled).toBe(false)
})
