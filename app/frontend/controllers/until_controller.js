import { Controller } from "@hotwired/stimulus"
import { untilWords } from "../models/until"

const EVERY = 30_000

// How long there is left to decide.
export default class extends Controller {
  #timer = 0

  connect() {
    this.element.title = new Date(this.element.dateTime).toLocaleString()
    this.#show()
    this.#timer = setInterval(() => this.#show(), EVERY)
  }

  disconnect() {
    clearInterval(this.#timer)
  }

  #show() {
    this.element.textContent = untilWords(this.element.dateTime)
  }
}
