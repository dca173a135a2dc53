import { Controller } from "@hotwired/stimulus"
import { loadAnew } from "../models/frames"
import { RoomList } from "../models/room_list"

// The list of rooms, kept true while one works elsewhere. It stays in place from page to page.
const SEARCH_AFTER = 200
const RELOAD_AFTER = 150
// They may have been the last words of a room, or unread.
const CHANGES = new Set(["message.edited", "message.deleted", "branch.chosen"])

export default class extends Controller {
  static targets = ["frame", "search"]

  #list
  #greeted = false
  #timers = {}

  connect() {
    this.#list = new RoomList(this.element)
    this.arrive()
  }

  hear({ detail: frame }) {
    if (frame.type === "hello") this.#hello()
    else if (frame.type === "event" && frame.kind === "message.posted") this.#posted(frame)
    else if (CHANGES.has(frame.kind)) this.#reload()
    else if (frame.type === "read") this.#change(() => this.#list.read(frame.room, frame.position))
    else if (frame.type === "room" && frame.change === "renamed") this.#list.renamed(frame.room, frame.name)
    else if (frame.type === "room") this.#reload()
  }

  seen({ detail: room }) {
    this.#change(() => this.#list.read(room))
  }

  working({ detail: { room, name } }) {
    this.#list.working(room, `${name} is answering …`)
  }

  rested({ detail: { room } }) {
    this.#list.rested(room)
  }

  // A page has come: which room it shows, and on a phone the list makes way for it.
  arrive() {
    if (this.element.matches(":popover-open")) this.element.hidePopover()
    this.mark()
  }

  // The list comes anew: it is told what page this is before it is shown, so that nothing flickers.
  prepare({ detail: { newFrame } }) {
    this.frameTarget.dataset.rendering = ""
    this.#list.current(location.pathname, newFrame)
  }

  mark() {
    delete this.frameTarget.dataset.rendering
    this.#change(() => this.#list.current(location.pathname))
  }

  search() {
    this.#later("search", SEARCH_AFTER, () => this.searchTarget.form.requestSubmit())
  }

  // The first greeting comes with a fresh page; a later one means that something may have been missed.
  #hello() {
    if (this.#greeted) this.#reload()
    this.#greeted = true
  }

  #posted(frame) {
    if (frame.message.hidden) return
    const seen = !document.hidden && location.pathname === `/rooms/${frame.room}/`
    this.#change(() => this.#list.posted(frame, { me: document.body.dataset.user, seen }) || this.#reload())
    // For whom it waits, the server knows. What becomes of it comes as a change of the message.
    if (frame.message.kind === "card") this.#reload()
  }

  #reload() {
    if (this.searchTarget.value) return
    this.#later("reload", RELOAD_AFTER, () => loadAnew(this.frameTarget) || this.#reload())
  }

  // The title of the page tells how much is unread to whoever looks at another tab.
  #change(act) {
    act()
    const title = document.title.replace(/^\(\d+\+?\) /, "")
    document.title = this.#list.unread ? `(${this.#list.unread}) ${title}` : title
  }

  #later(name, wait, act) {
    clearTimeout(this.#timers[name])
    this.#timers[name] = setTimeout(act, wait)
  }
}
