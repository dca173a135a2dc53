// The log stays where the reader is: at the end it follows, elsewhere nothing moves.
// The log is a reversed column: its scrollTop is 0 at the end and negative above, so a page opens at the end before any script runs,
// and older messages come above without moving what is read.
const NEAR = 60

export class ScrollKeeper {
  constructor(element) {
    this.element = element
  }

  get atEnd() {
    return -this.element.scrollTop <= NEAR
  }

  toEnd() {
    this.element.scrollTop = 0
  }

  // Something comes at the end, or changes anywhere. True when the log followed.
  following(change) {
    if (this.atEnd) {
      change()
      this.toEnd()
      return true
    }
    this.#still(change)
    return false
  }

  // Much may change, but not what stands at this position: that keeps its place. A reader at the end stays there if it is gone.
  around(position, change) {
    const find = () => this.element.querySelector(`article[data-position="${position}"]`)
    const before = find()?.getBoundingClientRect().top
    change()
    const after = find()?.getBoundingClientRect().top
    if (before === undefined || after === undefined) this.toEnd()
    else this.element.scrollTop += after - before
  }

  // What is at the top of the view is kept there. It may itself be replaced or make way: then the next one below it counts.
  #still(change) {
    const top = this.element.getBoundingClientRect().top
    const seen = [...this.element.querySelectorAll("article")].filter(article => article.getBoundingClientRect().bottom > top)
    const places = seen.slice(0, 3).map(article => [article, article.getBoundingClientRect().top])
    change()
    const kept = places.find(([article]) => isShown(article))
    if (kept) this.element.scrollTop += kept[0].getBoundingClientRect().top - kept[1]
  }
}

function isShown(article) {
  const { top, bottom } = article.getBoundingClientRect()
  return article.isConnected && bottom > top
}

// Something opens or closes under the reader's hand: it keeps its place in its log. What opens below the log's foot is brought into view,
// as far as the place of the hand stays in view itself.
export function holding(element, change) {
  const log = element.closest("[role=log]")
  const before = element.getBoundingClientRect().top
  change()
  if (!log) return
  const moved = element.getBoundingClientRect()
  const view = log.getBoundingClientRect()
  const below = Math.max(0, moved.bottom + before - moved.top - view.bottom)
  log.scrollTop += moved.top - before + Math.min(below, Math.max(0, before - view.top))
}
