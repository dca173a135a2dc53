import { clock, dayLabel, dayOf } from "./days"

// The order of a room's log: stored messages by position, then what is not stored yet (drafts of bots, own unsent messages) as it came.
// It keeps day lines where the day turns, and joins messages of one author that follow each other within five minutes.
const TOGETHER = 5 * 60 * 1000

export class Timeline {
  #standIns = new Set()

  constructor(list, zone) {
    this.list = list
    this.zone = zone
  }

  get articles() {
    return [...this.list.querySelectorAll(":scope > article")]
  }

  find(id) {
    return this.articles.find(article => id && article.id === id)
  }

  at(position) {
    return this.articles.find(article => article.dataset.position === String(position))
  }

  // All that has a place among what is kept; drafts and what is on its way have none.
  get stored() {
    return this.articles.filter(article => article.dataset.position)
  }

  lastWordsOf(author) {
    return this.articles.findLast(article => article.dataset.author === author && article.dataset.kind === "text")
  }

  // A message is shown once: the same id again replaces what is there, where it is; so does another version of it.
  place(article) {
    const there = this.find(article.id) ?? this.at(article.dataset.position)
    if (there) there.replaceWith(article)
    else this.#before(article)
    this.#settle(article)
    return article
  }

  // What is not stored comes after what is there now, and goes with it to another branch and back.
  append(article) {
    if (article.dataset.instead) return this.#standIn(article)
    article.dataset.after ??= this.stored.at(-1)?.id ?? ""
    this.list.append(article)
    this.#settle(article)
    return article
  }

  remove(article) {
    this.#standIns.delete(article)
    const next = this.#next(article)
    const line = article.previousElementSibling
    article.remove()
    if (line?.matches(".day") && (!line.nextElementSibling || line.nextElementSibling.matches(".day"))) line.remove()
    if (next) this.#settle(next)
  }

  // Older messages go to the top; the day line that stood there may be doubled now.
  prepend(nodes) {
    const first = this.list.firstElementChild
    this.list.prepend(...nodes)
    if (!first) return
    const oldest = first.matches("article") ? first : this.#next(first)
    if (first.matches(".day")) first.remove()
    if (oldest) this.#settle(oldest)
    for (const article of this.#standIns) this.#standIn(article)
  }

  // Other messages in the place of those that were known. What has come since is put among them again.
  renew(known, nodes) {
    const since = this.stored.filter(article => !known.has(article))
    for (const node of [...this.stored, ...this.#standIns, ...this.list.querySelectorAll(":scope > .day")]) node.remove()
    this.list.prepend(...nodes)
    for (const article of this.articles) this.#settle(article)
    for (const article of since) this.place(article)
    for (const draft of this.list.querySelectorAll(":scope > .message--draft")) this.#follow(draft, known)
    for (const article of this.#standIns) this.#standIn(article)
  }

  // Text for the place of a message stands right behind it, and the message makes way (_message.scss). Once the text is gone, the message
  // is there as it was. Where that place is not shown, the text waits. What its run says after its first words comes at the end.
  #standIn(article) {
    const there = this.at(article.dataset.instead)
    if (there?.querySelector(`[data-strip-run-value="${article.dataset.run}"]`)) {
      this.#standIns.delete(article)
      delete article.dataset.instead
      return this.append(article)
    }
    this.#standIns.add(article)
    if (!there) return article
    article.dataset.createdAt = there.dataset.createdAt
    there.after(article)
    this.#settle(article)
    return article
  }

  // One that has begun meanwhile belongs to what has come.
  #follow(draft, known) {
    if (!known.has(draft)) draft.dataset.after = this.stored.at(-1)?.id ?? ""
    draft.hidden = Boolean(draft.dataset.after) && !this.find(draft.dataset.after)
  }

  #before(article) {
    const position = Number(article.dataset.position)
    const later = this.articles.find(({ dataset }) => Number(dataset.position ?? dataset.instead ?? Number.POSITIVE_INFINITY) > position)
    if (!later) return this.list.append(article)
    const line = later.previousElementSibling
    const sameDay = line?.matches(".day") && line.dataset.day === dayOf(later.dataset.createdAt, this.zone)
    if (sameDay && dayOf(article.dataset.createdAt, this.zone) < line.dataset.day) line.before(article)
    else later.before(article)
  }

  // Looks at an article and the one after it: time, day line, grouping.
  #settle(article) {
    this.#localise(article)
    this.#group(article)
    const next = this.#next(article)
    if (next) this.#group(next)
  }

  #group(article) {
    const previous = this.#previous(article)
    const day = dayOf(article.dataset.createdAt, this.zone)
    const turns = !previous || dayOf(previous.dataset.createdAt, this.zone) !== day
    const line = article.previousElementSibling?.matches(".day") ? article.previousElementSibling : null
    if (turns && !line) article.before(this.#dayLine(article.dataset.createdAt, day))
    if (!turns && line) line.remove()
    article.classList.toggle("message--follows", !turns && this.#follows(previous, article))
  }

  #follows(previous, article) {
    const near = Math.abs(new Date(article.dataset.createdAt) - new Date(previous.dataset.createdAt)) < TOGETHER
    const plain = [previous, article].every(one => !one.matches(".message--draft, .message--failure, .message--notice"))
    return near && plain && previous.dataset.author === article.dataset.author
  }

  #localise(article) {
    for (const time of article.querySelectorAll("time[data-clock]")) time.textContent = clock(time.dateTime, this.zone)
  }

  #dayLine(at, day) {
    const line = document.createElement("div")
    line.className = "day"
    line.dataset.day = day
    line.textContent = dayLabel(at, this.zone)
    return line
  }

  #previous(article) {
    let node = article.previousElementSibling
    while (node && !node.matches("article")) node = node.previousElementSibling
    return node
  }

  #next(article) {
    let node = article.nextElementSibling
    while (node && !node.matches("article")) node = node.nextElementSibling
    return node
  }
}
