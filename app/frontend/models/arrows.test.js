import { beforeEach, expect, test } from "vitest"
import { arrowInFocus, focusArrow } from "./arrows"
import { Timeline } from "./timeline"

let list, timeline

const arrow = way => `<button data-way="${way}">${way}</button>`
const article = (...ways) => `<article data-position="4" data-created-at="2026-11-20T09:41:00Z">${ways.map(arrow).join("")}</article>`
const focused = () => document.activeElement.dataset.way

beforeEach(() => {
  document.body.innerHTML = `<div>${article("previous", "next")}</div><button data-way="next" id="elsewhere"></button>`
  list = document.body.firstElementChild
  timeline = new Timeline(list, "UTC")
})

test("the same arrow of the version that is shown now gets the focus", () => {
  list.querySelector("[data-way=next]").focus()
  const held = arrowInFocus(list)
  list.innerHTML = article("previous", "next")
  focusArrow(timeline, held)
  expect(focused()).toBe("next")
})

test("at the last version it is the other arrow", () => {
  list.querySelector("[data-way=next]").focus()
  const held = arrowInFocus(list)
  list.innerHTML = article("previous")
  focusArrow(timeline, held)
  expect(focused()).toBe("previous")
})

test("the focus of somebody who is elsewhere stays there", () => {
  document.getElementById("elsewhere").focus()
  const held = arrowInFocus(list)
  expect(held).toBeNull()
  focusArrow(timeline, held)
  expect(document.activeElement.id).toBe("elsewhere")
})
