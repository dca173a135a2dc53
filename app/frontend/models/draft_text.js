// The text of a bot's draft, put together from frames (attempt, offset, text). Offsets count code points, not UTF-16 units.
export class DraftText {
  #points = []

  constructor() {
    this.attempt = 0
    this.activity = ""
    this.broken = false
  }

  get text() {
    return this.#points.join("")
  }

  // True when there is something new to show.
  apply(frame) {
    if (frame.attempt < this.attempt) return false
    if (frame.attempt > this.attempt) this.#restart(frame.attempt)
    const activity = frame.activity || this.activity
    const changed = activity !== this.activity
    this.activity = activity
    return this.#place(frame) || changed
  }

  #restart(attempt) {
    this.attempt = attempt
    this.#points = []
    this.activity = ""
    this.broken = false
  }

  #place({ offset, text }) {
    if (!text) return false
    const points = Array.from(text)
    if (offset > this.#points.length) {
      this.broken = true
      return false
    }
    if (this.#holds(offset, points)) return false
    this.#points = this.#points.slice(0, offset).concat(points)
    this.broken = false
    return true
  }

  // A frame that came twice, or late, says nothing new.
  #holds(offset, points) {
    return offset > 0 && offset + points.length <= this.#points.length && points.every((point, i) => this.#points[offset + i] === point)
  }
}
