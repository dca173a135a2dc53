import { Application, Controller } from "@hotwired/stimulus"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { ScrollKeeper } from "../models/scroll_keeper"
import { Timeline } from "../models/timeline"
import BranchesController from "./branches_controller"

const settled = () => new Promise(resolve => setTimeout(resolve))
const article = (id, position) =>
  `<article id="message-${id}" data-position="${position}" data-author="1" data-created-at="2026-11-20T09:41:00Z"></article>`

class LogController extends Controller {
  connect() {
    this.keeper = new ScrollKeeper(this.element.querySelector("[role=log]"))
    this.timeline = new Timeline(this.element.querySelector(".list"), "UTC")
  }
}

let application, answers
const place = id => document.getElementById("place").dispatchEvent(new CustomEvent("log:chosen", { detail: id }))
const event = (id, position, reload) => ({ html: article(id, position), message: { id, position, metadata: {} }, data: { reload } })
const shown = () => [...document.querySelectorAll("article")].map(one => one.id.replace("message-", ""))
const page = (...articles) =>
  `<a class="older" data-history-target="link" href="?before=1">Older</a><div data-log-target="list">${articles.join("")}</div>`

beforeEach(async () => {
  answers = []
  vi.stubGlobal(
    "fetch",
    vi.fn(() => new Promise(resolve => answers.push(html => resolve(new Response(html)))))
  )
  document.body.innerHTML = `<div id="place" data-controller="log branches" data-branches-log-outlet="#place" data-action="log:chosen->branches#chosen">
    <section role="log"><div class="list">${article("a1", 1)}${article("a2", 2)}</div></section></div>`
  application = new Application()
  application.register("log", LogController)
  application.register("branches", BranchesController)
  await application.start()
  await settled()
})

afterEach(async () => {
  document.body.innerHTML = ""
  await settled()
  application.stop()
})

test("another version takes the place of the one that is shown, and nothing is asked", () => {
  place(event("b2", 2, false))
  expect(shown()).toEqual(["a1", "b2"])
  expect(fetch).not.toHaveBeenCalled()
})

test("one of a part that is not on the page changes nothing", () => {
  place(event("b7", 7, false))
  expect(shown()).toEqual(["a1", "a2"])
})

test("where others come and go with it the log is read again", async () => {
  place(event("b1", 1, true))
  answers[0](page(article("b1", 1), article("b5", 5)))
  await settled()
  expect(shown()).toEqual(["b1", "b5"])
  expect(document.querySelector(".older")).not.toBeNull()
})

test("of two choices in a row the later one counts", async () => {
  place(event("b1", 1, true))
  place(event("a1", 1, true))
  answers[0](page(article("b1", 1)))
  await settled()
  answers[1](page(article("a1", 1), article("a2", 2)))
  await settled()
  expect(answers).toHaveLength(2)
  expect(shown()).toEqual(["a1", "a2"])
})

test("an answer that comes after the reader has left is for nobody", async () => {
  place(event("b1", 1, true))
  const left = document.getElementById("place")
  left.remove()
  await settled()
  answers[0](page(article("b1", 1)))
  await settled()
  expect([...left.querySelectorAll("article")].map(one => one.id)).toEqual(["message-a1", "message-a2"])
})
