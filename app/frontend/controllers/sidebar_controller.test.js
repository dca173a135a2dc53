import { Application } from "@hotwired/stimulus"
import { afterEach, expect, test, vi } from "vitest"
import SidebarController from "./sidebar_controller"

const settled = () => new Promise(resolve => setTimeout(resolve))

afterEach(() => vi.useRealTimers())

test.each(["message.edited", "message.deleted"])("after %s the list comes anew: those may have been its last words", async kind => {
  document.body.innerHTML = `<aside data-controller="sidebar" data-action="parley:frame@document->sidebar#hear">
    <input data-sidebar-target="search"><div data-sidebar-target="frame" data-src="/people/"></div></aside>`
  const aside = document.querySelector("aside")
  aside.matches = () => false // jsdom does not know :popover-open
  const frame = aside.querySelector("div")
  frame.reload = vi.fn()
  const application = new Application()
  application.register("sidebar", SidebarController)
  await application.start()
  vi.useFakeTimers()
  document.dispatchEvent(new CustomEvent("parley:frame", { detail: { type: "event", room: "kyoto", kind } }))
  vi.advanceTimersByTime(200)
  expect(frame.reload).toHaveBeenCalledOnce()
  vi.useRealTimers()
  aside.remove()
  await settled()
  application.stop()
})
