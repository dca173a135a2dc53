import { Application } from "@hotwired/stimulus"
import { afterEach, expect, test, vi } from "vitest"
import SidebarController from "./sidebar_controller"

const settled = () => new Promise(resolve => setTimeout(resolve))

afterEach(() => vi.useRealTimers())

async function withList(act) {
  document.body.innerHTML = `<aside data-controller="sidebar" data-action="parley:frame@document->sidebar#hear
    turbo:before-frame-render->sidebar#prepare turbo:frame-load->sidebar#mark">
    <input data-sidebar-target="search"><div data-sidebar-target="frame" data-src="/people/"></div></aside>`
  const aside = document.querySelector("aside")
  aside.matches = () => false // jsdom does not know :popover-open
  const frame = aside.querySelector("div")
  frame.reload = vi.fn()
  const application = new Application()
  application.register("sidebar", SidebarController)
  await application.start()
  vi.useFakeTimers()
  act(frame)
  vi.useRealTimers()
  aside.remove()
  await settled()
  application.stop()
}

function hear(kind, about = {}) {
  document.dispatchEvent(new CustomEvent("parley:frame", { detail: { type: "event", room: "kyoto", kind, ...about } }))
  vi.advanceTimersByTime(200)
}

test.each(["message.edited", "message.deleted", "branch.chosen"])(
  "after %s the list comes anew: those may have been its last words",
  kind =>
    withList(frame => {
      hear(kind)
      expect(frame.getAttribute("src")).toBe("http://localhost:3000/people/")
      expect(frame.reload).not.toHaveBeenCalled()

      hear(kind)
      expect(frame.reload).toHaveBeenCalledOnce()
    })
)

test("a list that is on its way is waited for: two at once confuse Turbo", () =>
  withList(frame => {
    frame.setAttribute("busy", "")
    hear("message.edited")
    expect(frame.hasAttribute("src")).toBe(false)

    frame.removeAttribute("busy")
    frame.dispatchEvent(
      new CustomEvent("turbo:before-frame-render", { bubbles: true, detail: { newFrame: document.createElement("div") } })
    )
    vi.advanceTimersByTime(200)
    expect(frame.hasAttribute("src")).toBe(false)

    frame.dispatchEvent(new CustomEvent("turbo:frame-load", { bubbles: true }))
    vi.advanceTimersByTime(200)
    expect(frame.hasAttribute("src")).toBe(true)
  }))

test("a list that comes anew is told what page this is before it is shown", () =>
  withList(frame => {
    const newFrame = document.createElement("div")
    newFrame.innerHTML = `<a href="${location.pathname}" data-room="kyoto" data-unread="0"><i class="count"></i><i class="count-words"></i></a>`
    frame.dispatchEvent(new CustomEvent("turbo:before-frame-render", { bubbles: true, detail: { newFrame } }))
    expect(newFrame.querySelector("a").getAttribute("aria-current")).toBe("page")
  }))

test.each([
  ["card", true],
  ["text", false]
])("a %s is posted: whether the list asks anew for whom something waits", (kind, asks) =>
  withList(frame => {
    frame.innerHTML = `<ul><li><a href="/rooms/kyoto/" data-room="kyoto" data-kind="group" data-unread="0">
      <span class="room-link__line"></span><span class="count"></span><span class="count-words"></span></a></li></ul>`
    const message = { kind, position: 7, author: { id: 2, name: "Echo" }, html: "<p>May I?</p>" }
    hear("message.posted", { message })
    expect(frame.hasAttribute("src")).toBe(asks)
  })
)
