import { Controller } from "@hotwired/stimulus"

// Older messages, fetched as the reader comes near the top. Without script the same link leads to a page of them.
const SKELETON_AFTER = 300

export default class extends Controller {
  static targets = ["link", "skeleton"]
  static outlets = ["log"]

  #watch

  connect() {
    this.#watch = new IntersectionObserver(entries => entries.some(entry => entry.isIntersecting) && this.load(), {
      root: this.element.closest("[role=log]"),
      rootMargin: "600px 0px 0px 0px"
    })
  }

  linkTargetConnected(link) {
    requestAnimationFrame(() => this.#watch?.observe(link))
  }

  disconnect() {
    this.#watch.disconnect()
    this.#watch = null
  }

  async load(event) {
    event?.preventDefault()
    if (!this.hasLinkTarget || this.linkTarget.ariaBusy) return
    const link = this.linkTarget
    link.ariaBusy = "true"
    const timer = setTimeout(() => (this.skeletonTarget.hidden = false), SKELETON_AFTER)
    try {
      await this.#take(link)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      link.ariaBusy = null
      link.textContent = "Older messages could not be loaded. Try again"
    } finally {
      clearTimeout(timer)
      if (this.hasSkeletonTarget) this.skeletonTarget.hidden = true
    }
  }

  async #take(link) {
    const response = await fetch(link.href, { headers: { "Turbo-Frame": "older" } })
    if (!response.ok) throw new TypeError(`the server answered ${response.status}`)
    const template = document.createElement("template")
    template.innerHTML = await response.text()
    // Who has gone to another room meanwhile must not find these there: the outlet is the log of the page that is shown.
    if (!this.#watch) return
    const next = template.content.querySelector("[data-history-target=link]")
    this.logOutlet.timeline.prepend([...template.content.querySelector("[data-log-target=list]").children])
    if (next) link.replaceWith(next)
    else link.remove()
  }
}
