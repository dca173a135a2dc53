import { beforeEach, expect, test, vi } from "vitest"
import { holding, ScrollKeeper } from "./scroll_keeper"

const VIEW = 400
let log, keeper

// A reversed column of articles, each 100 high: jsdom does no layout, so this does.
function rectOf(article) {
  const articles = [...log.querySelectorAll("article")]
  const total = articles.length * 100
  const top = articles.indexOf(article) * 100 - (total - VIEW) - log.scrollTop
  return { top, bottom: top + 100 }
}

function article() {
  const node = document.createElement("article")
  node.getBoundingClientRect = () => rectOf(node)
  return node
}

beforeEach(() => {
  log = document.createElement("section")
  let scrollTop = 0
  Object.defineProperty(log, "scrollTop", { get: () => scrollTop, set: value => (scrollTop = Math.min(0, value)) })
  log.getBoundingClientRect = () => ({ top: 0, bottom: VIEW })
  document.body.replaceChildren(log)
  log.append(...Array.from({ length: 10 }, article))
  keeper = new ScrollKeeper(log)
})

test("a reader at the end follows what comes", () => {
  log.scrollTop = -20
  expect(keeper.following(() => log.append(article()))).toBe(true)
  expect(log.scrollTop).toBe(0)
})

test("a reader further up stays where they are", () => {
  log.scrollTop = -350
  const read = log.children[3]
  const before = rectOf(read).top
  expect(keeper.following(() => log.append(article(), article()))).toBe(false)
  expect(rectOf(read).top).toBe(before)
})

test("it stays even when the very message at the top is replaced", () => {
  log.scrollTop = -350
  const below = log.children[4]
  const before = rectOf(below).top
  keeper.following(() => {
    log.children[2].replaceWith(article())
    log.append(article())
  })
  expect(rectOf(below).top).toBe(before)
})

test("it stays even when the very message at the top makes way for another", () => {
  log.scrollTop = -350
  const below = log.children[4]
  const before = rectOf(below).top
  keeper.following(() => {
    log.children[2].getBoundingClientRect = () => ({ top: 0, bottom: 0 })
    log.append(article())
  })
  expect(rectOf(below).top).toBe(before)
})

// A log of 100 to 500 on the screen, and an element in it that `change` moves and makes higher.
function inLog(before, after) {
  const log = document.createElement("div")
  log.setAttribute("role", "log")
  const element = log.appendChild(document.createElement("div"))
  let box = before
  log.getBoundingClientRect = () => ({ top: 100, bottom: 500 })
  element.getBoundingClientRect = () => box
  log.scrollTop = 0
  holding(element, () => {
    box = after
  })
  return log.scrollTop
}

test("what opens under the hand stays under the hand", () => {
  expect(inLog({ top: 300, bottom: 330 }, { top: 200, bottom: 330 })).toBe(-100)
})

test("what would open below the log's foot is brought into view", () => {
  // Back to 450 it would end at 580: 80 below the foot.
  expect(inLog({ top: 450, bottom: 490 }, { top: 360, bottom: 490 })).toBe(-90 + 80)
})

test("the place of the hand itself never leaves the view", () => {
  expect(inLog({ top: 150, bottom: 190 }, { top: 150, bottom: 900 })).toBe(50)
})

test("outside of a log only the change happens", () => {
  const change = vi.fn()
  holding(document.createElement("div"), change)
  expect(change).toHaveBeenCalledOnce()
})
