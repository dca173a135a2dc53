import { wordsIn } from "./plain_words"

// The entries of the sidebar: last words, what is unread, who is at work. What it does not know it leaves to the server.
const MOST = 100

export class RoomList {
  #atWork = new Map()

  constructor(element) {
    this.element = element
  }

  find(room, element = this.element) {
    return element.querySelector(`[data-room="${room}"]`)
  }

  get unread() {
    return [...this.element.querySelectorAll("[data-room]")].reduce((sum, link) => sum + Number(link.dataset.unread), 0)
  }

  // False when there is no such entry.
  posted({ room, message }, { me, seen }) {
    const link = this.find(room)
    if (!link) return false
    const own = String(message.author.id) === me
    // A bot's line says what it is for.
    if (link.dataset.kind !== "bot") this.#words(link, this.#preview(message, own, link.dataset.kind))
    link.dataset.newest = message.position
    if (!own && !seen) this.#count(link, Number(link.dataset.unread) + 1)
    this.#raise(link)
    return true
  }

  // Another tab may have read up to what was the end a moment ago.
  read(room, position = Number.POSITIVE_INFINITY) {
    const link = this.find(room)
    if (link && position >= Number(link.dataset.newest ?? 0)) this.#count(link, 0)
  }

  renamed(room, name) {
    const label = name && this.find(room)?.querySelector(".room-link__name")
    if (label) label.textContent = name
  }

  working(room, words) {
    this.#atWork.set(room, words)
    this.#work(this.find(room), words)
  }

  rested(room) {
    this.#atWork.delete(room)
    const link = this.find(room)
    if (!link?.matches(".room-link--working")) return
    const line = link.querySelector(".room-link__line")
    line.textContent = line.dataset.before
    delete line.dataset.before
    link.classList.remove("room-link--working")
  }

  // Of the page that has come, or of a list that comes anew and is not shown yet: that does not know who is at work.
  current(path, element = this.element) {
    for (const [room, words] of this.#atWork) this.#work(this.find(room, element), words)
    for (const link of element.querySelectorAll("a[data-room]")) {
      if (new URL(link.href).pathname === path) this.#show(link)
      else link.removeAttribute("aria-current")
    }
  }

  // What comes in the room one looks at is not unread; the server may not have heard yet that it was seen.
  #show(link) {
    link.setAttribute("aria-current", "page")
    if (!document.hidden) this.#count(link, 0)
  }

  #work(link, words) {
    if (!link) return
    const line = link.querySelector(".room-link__line")
    line.dataset.before ??= line.textContent
    line.textContent = words
    link.classList.add("room-link--working")
  }

  #preview({ author, html, attachments = [] }, own, kind) {
    const names = attachments.map(({ name }) => name).join(", ")
    const words = (wordsIn(html) || names).slice(0, 140)
    if (own) return `You: ${words}`
    return kind === "group" ? `${author.name}: ${words}` : words
  }

  #words(link, text) {
    const line = link.querySelector(".room-link__line")
    if (link.matches(".room-link--working")) line.dataset.before = text
    else line.textContent = text
  }

  #count(link, unread) {
    link.dataset.unread = unread
    link.classList.toggle("room-link--unread", unread > 0)
    const count = link.querySelector(".count")
    count.hidden = unread === 0
    count.textContent = unread >= MOST ? "99+" : unread
    link.querySelector(".count-words").textContent = unread ? ` (${unread} unread)` : ""
  }

  #raise(link) {
    const item = link.closest("li")
    if (item?.parentElement.firstElementChild !== item) item.parentElement.prepend(item)
  }
}
