import { Controller } from "@hotwired/stimulus"
import { visit } from "@hotwired/turbo"
import { articleFrom } from "../models/articles"
import { RoomFeed } from "../models/room_feed"
import { ScrollKeeper } from "../models/scroll_keeper"
import { Timeline } from "../models/timeline"

// The messages of the room: places what comes, and stays where the reader is.
export default class extends Controller {
  static targets = ["list", "empty", "top"]
  static values = { room: String, seq: Number, latest: Boolean }

  #feed

  connect() {
    this.keeper = new ScrollKeeper(this.element.querySelector("[role=log]"))
    this.timeline = new Timeline(this.listTarget, document.body.dataset.timezone)
    this.#feed = new RoomFeed(this.roomValue, this.seqValue)
    if (document.documentElement.dataset.connection === "on") this.reopen()
    if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: "center" })
  }

  disconnect() {
    this.#send({ type: "close", room: this.roomValue })
  }

  hear({ detail: frame }) {
    if (frame.type === "hello") this.reopen()
    else if (frame.type === "seq" && this.#feed.behind(frame.rooms)) this.reopen()
    else if (frame.room !== this.roomValue) return
    else if (frame.type === "opened") this.#resume(frame)
    else if (frame.type === "event") this.#take(frame)
    else if (frame.type === "room") this.#change(frame)
  }

  // Something may have been lost on the way: the server knows what.
  reopen() {
    this.#send(this.#feed.openFrame)
  }

  // Shows an article that is not stored: a draft, or one's own on its way.
  append(article) {
    this.keeper.following(() => this.timeline.append(article))
    if (this.hasEmptyTarget) this.emptyTarget.hidden = true
  }

  editLast() {
    this.timeline.lastWordsOf(document.body.dataset.user)?.querySelector("[data-action='message#edit']").click()
  }

  #resume(frame) {
    const missed = this.#feed.resume(frame)
    if (missed) this.#apply(missed)
    else visit(location.href, { action: "replace" })
  }

  #take(event) {
    const verdict = this.#feed.take(event)
    if (verdict === "gap") this.reopen()
    else if (verdict === "new") this.#apply([event])
  }

  #apply(events) {
    for (const event of events) {
      if (event.kind === "branch.chosen") this.dispatch("chosen", { detail: event })
      else if (event.html) this.#place(event)
      else if (event.kind.startsWith("member.") && String(event.data.user.id) !== document.body.dataset.user) this.#renewTop()
    }
    this.seqValue = this.#feed.seq
    this.dispatch("changed")
  }

  #place({ kind, html, message }) {
    const posted = kind === "message.posted"
    if (posted && !this.latestValue) return this.dispatch("missed")
    if (!posted && !this.timeline.find(`message-${message.id}`)) return
    const followed = this.keeper.following(() => {
      this.dispatch("stored", { detail: message })
      this.timeline.place(articleFrom(html))
    })
    if (this.hasEmptyTarget) this.emptyTarget.hidden = true
    if (!posted || followed) return
    if (String(message.author.id) === document.body.dataset.user) this.keeper.toEnd()
    else this.dispatch("missed")
  }

  #change({ change }) {
    if (change === "renamed") this.#renewTop()
    else if (change === "left" || change === "removed") visit("/", { action: "replace" })
  }

  #renewTop() {
    this.topTarget.src = this.topTarget.dataset.src
    this.topTarget.reload()
  }

  #send(frame) {
    document.dispatchEvent(new CustomEvent("parley:send", { detail: frame }))
  }
}
