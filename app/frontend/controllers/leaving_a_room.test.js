import { Application, Controller } from "@hotwired/stimulus"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { Timeline } from "../models/timeline"
import DraftsController from "./drafts_controller"
import HistoryController from "./history_controller"
import OutboxController from "./outbox_controller"

// What is under way when the reader goes from one room to the next, as Turbo does it: the old page goes, the new one comes.
class Log extends Controller {
  static targets = ["list"]
  keeper = { toEnd() {}, following: change => change() }

  connect() {
    this.timeline = new Timeline(this.listTarget, "UTC")
  }

  append(article) {
    this.timeline.append(article)
  }
}

const TEMPLATES = `
  <template id="pending-template"><article><p data-body></p><ul data-files></ul><i data-sending></i><i data-unsent hidden><b data-words></b></i></article></template>
  <template id="draft-template"><article class="message--draft"><b data-name></b><i class="avatar"></i><i data-activity></i>
    <p data-body></p></article></template>`

function page(room, link = "") {
  return `<div id="conversation" data-controller="log drafts outbox" data-drafts-room-value="${room}" data-outbox-room-value="${room}"
    data-drafts-log-outlet="#conversation" data-outbox-log-outlet="#conversation"
    data-action="parley:frame@document->drafts#hear composer:send@document->outbox#take log:stored->outbox#stored">
    <div role="log"><div data-controller="history" data-history-log-outlet="#conversation"><i data-history-target="skeleton" hidden></i>${link}
    <div data-log-target="list"></div></div></div></div>${TEMPLATES}`
}

const settled = () => new Promise(resolve => setTimeout(resolve))
const tell = (name, detail, on = document) => on.dispatchEvent(new CustomEvent(name, { detail }))
const shown = () => [...document.querySelectorAll("#conversation article")].map(article => article.textContent.trim())
const conversation = () => document.getElementById("conversation")

let application, faults, posts

async function go(html) {
  const body = document.createElement("body")
  body.dataset.user = "7"
  body.innerHTML = html
  document.body.replaceWith(body)
  await settled()
}

function message(id, body) {
  const article = document.createElement("article")
  Object.assign(article, { id: `message-${id}`, textContent: body })
  Object.assign(article.dataset, { createdAt: "2026-11-20T10:00:00Z", position: id })
  return { id, article, author: { id: 7 }, body }
}

// As the log controller does it.
function store(stored) {
  tell("log:stored", stored, conversation())
  application.getControllerForElementAndIdentifier(conversation(), "log").timeline.place(stored.article)
}

beforeEach(async () => {
  localStorage.clear()
  faults = []
  posts = []
  vi.stubGlobal("IntersectionObserver", class { observe() {} disconnect() {} }) // biome-ignore format: one line says it
  vi.stubGlobal("fetch", (address, { body } = {}) => new Promise((answer, fail) => posts.push({ address, body, answer, fail })))
  application = new Application()
  application.handleError = error => faults.push(error)
  application.register("log", Log)
  application.register("drafts", DraftsController)
  application.register("history", HistoryController)
  application.register("outbox", OutboxController)
  await application.start()
  await go(page("kyoto", '<a href="/older" data-history-target="link">Older</a>'))
})

afterEach(async () => {
  await go("")
  application.stop()
  expect(faults).toEqual([])
})

const answerWith = (post, id) => post.answer(new Response(JSON.stringify({ id }), { status: 201 }))

test("older messages that come too late are not put into the next room", async () => {
  const history = document.querySelector("[data-controller=history]")
  const loading = application.getControllerForElementAndIdentifier(history, "history").load()
  await go(page("family"))
  posts[0].answer(new Response('<div data-log-target="list"><article data-created-at="2026-11-19T10:00:00Z">of Kyoto</article></div>'))
  await loading
  expect(shown()).toEqual([])
})

test("whoever leaves while a bot writes leaves no one at work behind", async () => {
  const rested = vi.fn()
  document.addEventListener("drafts:rested", rested, { once: true })
  const author = { id: 9, name: "Echo", username: "echo", is_bot: true }
  tell("parley:frame", { type: "draft", room: "kyoto", run: "r", attempt: 1, offset: 0, text: "He", activity: "", author })
  const left = conversation()
  expect(shown()).toHaveLength(1)
  await go(page("family"))
  expect(rested.mock.calls[0][0].detail).toEqual({ room: "kyoto" })
  expect(left.querySelector("article")).toBeNull()
})

test("what was sent before leaving is sent", async () => {
  tell("composer:send", { body: "one" })
  tell("composer:send", { body: "two" })
  await settled()
  await go(page("family"))
  answerWith(posts[0], "1")
  await settled()
  expect(posts.map(post => JSON.parse(post.body).body)).toEqual(["one", "two"])
  expect(posts[1].address).toBe("/api/v1/rooms/kyoto/messages")
})

test("P1: the same words from another device do not count as sent", async () => {
  tell("composer:send", { body: "ok" })
  await settled()
  posts[0].fail(new TypeError("away"))
  await settled()
  store(message("1", "ok"))
  expect(shown()).toHaveLength(2)
  expect(JSON.parse(localStorage.getItem("parley:7:kyoto:unsent"))).toHaveLength(1)
})

test("P2: a message whose event is faster than its answer is shown once", async () => {
  tell("composer:send", { body: "ok" })
  await settled()
  store(message("1", "ok"))
  expect(shown()).toEqual(["ok"])
  answerWith(posts[0], "1")
  await settled()
  expect(shown()).toEqual(["ok"])
  expect(localStorage).toHaveLength(0)
})

test("P2: a message whose answer is faster than its event is shown once", async () => {
  tell("composer:send", { body: "ok" })
  await settled()
  answerWith(posts[0], "1")
  await settled()
  store(message("1", "ok"))
  expect(shown()).toEqual(["ok"])
})

test("P1: words that seemed stored and are not come back to be sent again", async () => {
  tell("composer:send", { body: "ok" })
  await settled()
  store(message("1", "ok"))
  posts[0].fail(new TypeError("away"))
  await settled()
  expect(document.querySelector("[data-unsent]:not([hidden])")).not.toBeNull()
})
