import { Controller } from "@hotwired/stimulus"
import { visit } from "@hotwired/turbo"
import { articleFrom } from "../models/articles"
import { RoomFeed } from "../models/room_feed"
import { ScrollKeeper } from "../models/scroll_keeper"
import { Timeline } from "../models/timeline"

// The messages of the room: places what comes, stays where the reader is, marks as read what was seen.
export default class extends Controller {
  static targets = ["list", "pill", "empty", "top"]
  static values = { room: String, seq: Number, latest: Boolean, read: Number, missed: Number }

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

  // Shows an article that is not stored: a draft, or one's own on its way.
  append(article) {
    this.keeper.following(() => this.timeline.append(article))
    if (this.hasEmptyTarget) this.emptyTarget.hidden = true
  }

  see() {
    if (document.hidden || !this.latestValue || !this.keeper.atEnd) return
    this.missedValue = 0
    const position = Number(this.timeline.articles.findLast(article => article.dataset.position)?.dataset.position ?? 0)
    if (position <= this.readValue || document.documentElement.dataset.connection !== "on") return
    this.readValue = position
    this.#send({ type: "read", room: this.roomValue, position })
    this.dispatch("read", { detail: this.roomValue })
  }

  // Something was lost on the way: the server knows what.
  reopen() {
    this.#send(this.#feed.openFrame)
  }

  editLast() {
    const own = this.timeline.articles.findLast(one => one.dataset.author === document.body.dataset.user && one.dataset.kind === "text")
    own?.querySelector("[data-action='message#edit']").click()
  }

  toEnd() {
    if (this.latestValue) this.keeper.toEnd()
    else visit(location.pathname)
  }

  missedValueChanged(count) {
    this.pillTarget.hidden = count === 0
    this.pillTarget.textContent = count === 1 ? "1 new message" : `${count} new messages`
  }

  #resume(frame) {
    const missed = this.#feed.resume(frame)
    if (!missed) return visit(location.href, { action: "replace" })
    for (const event of missed) this.#apply(event)
    this.seqValue = this.#feed.seq
    this.see()
  }

  #take(event) {
    const verdict = this.#feed.take(event)
    if (verdict === "gap") this.reopen()
    if (verdict !== "new") return
    this.#apply(event)
    this.seqValue = this.#feed.seq
    this.see()
  }

  #apply(event) {
    if (event.html) this.#place(event)
    else if (event.kind.startsWith("member.") && String(event.data.user.id) !== document.body.dataset.user) this.#renewTop()
  }

  #place({ kind, html, message }) {
    const posted = kind === "message.posted"
    if (posted && !this.latestValue) return this.missedValue++
    if (!posted && !this.timeline.find(`message-${message.id}`)) return
    const own = String(message.author.id) === document.body.dataset.user
    const followed = this.keeper.following(() => {
      this.dispatch("stored", { detail: message })
      this.timeline.place(articleFrom(html))
    })
    if (this.hasEmptyTarget) this.emptyTarget.hidden = true
    if (posted && own) this.keeper.toEnd()
    else if (posted && !followed) this.missedValue++
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
