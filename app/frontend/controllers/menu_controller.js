import { Controller } from "@hotwired/stimulus"

// Keys in a menu, and its place where the browser cannot anchor it by itself. Opening and closing are the browser's.
const ANCHORED = CSS.supports("position-area: block-end")

export default class extends Controller {
  toggle({ newState }) {
    if (newState !== "open") return
    if (!ANCHORED) this.#place()
    ;(this.#items.find(item => item.ariaChecked === "true") ?? this.#items[0])?.focus()
  }

  key(event) {
    const items = this.#items
    const here = items.indexOf(document.activeElement)
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    items.at(to % items.length).focus()
  }

  get #items() {
    return [...this.element.querySelectorAll("[role^=menuitem]")]
  }

  #place() {
    const button = document.querySelector(`[popovertarget="${this.element.id}"]`).getBoundingClientRect()
    const { offsetWidth: width, offsetHeight: height, style } = this.element
    const above = button.top - height - 6
    style.left = `${Math.max(12, Math.min(button.right - width, innerWidth - width - 12))}px`
    style.top = `${above > 12 ? above : button.bottom + 6}px`
  }
}
