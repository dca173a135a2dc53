import { Controller } from "@hotwired/stimulus"
import { visit } from "@hotwired/turbo"

// What the reader has seen: tells the server, and counts what came while they were further up.
export default class extends Controller {
  static targets = ["pill"]
  static outlets = ["log"]
  static values = { room: String, position: Number, missed: Number, latest: Boolean }

  see() {
    if (document.hidden || !this.latestValue || !this.hasLogOutlet || !this.logOutlet.keeper?.atEnd) return
    this.missedValue = 0
    const position = Number(this.logOutlet.timeline.articles.findLast(one => one.dataset.position)?.dataset.position ?? 0)
    if (position <= this.positionValue || document.documentElement.dataset.connection !== "on") return
    this.positionValue = position
    document.dispatchEvent(new CustomEvent("parley:send", { detail: { type: "read", room: this.roomValue, position } }))
    this.dispatch("seen", { detail: this.roomValue })
  }

  miss() {
    this.missedValue++
  }

  toEnd() {
    if (this.latestValue) this.logOutlet.keeper.toEnd()
    else visit(location.pathname)
  }

  missedValueChanged(count, before) {
    if (before === undefined) return
    this.pillTarget.hidden = count === 0 && this.latestValue
    if (count) this.pillTarget.textContent = count === 1 ? "1 new message" : `${count} new messages`
  }
}
