import { Controller } from "@hotwired/stimulus"
import { ApiError, request } from "../models/api"
import { Chips } from "../models/chips"
import { KeptWords } from "../models/kept_words"
import { say } from "../models/notices"
import { Tray } from "../models/tray"

// Files for the next message: uploaded at once, shown until the message takes them along.
export default class extends Controller {
  static targets = ["input", "list"]
  static values = { room: String, megabytes: Number, most: Number }

  #tray
  #words
  #chips
  #waits = false

  connect() {
    this.#words = new KeptWords(this.roomValue, document.body.dataset.user)
    this.#chips = new Chips(this.listTarget)
    const limits = { megabytes: this.megabytesValue, most: this.mostValue }
    this.#tray = new Tray(this.roomValue, limits, { changed: item => this.#change(item) })
    this.#show(this.#tray.restore(this.#words.files))
  }

  // The page is left: what is on its way is stopped, what is there is kept for the next time.
  disconnect() {
    this.#tray.stop()
    this.#chips.clear()
  }

  choose() {
    this.inputTarget.click()
  }

  picked() {
    this.receive({ detail: [...this.inputTarget.files] })
    this.inputTarget.value = ""
  }

  receive({ detail: files }) {
    this.#show(this.#tray.add(files))
    this.dispatch("done")
  }

  retry({ target }) {
    this.#tray.retry(this.#chips.itemOf(target))
  }

  async remove({ target }) {
    const item = this.#chips.itemOf(target)
    const there = this.#tray.remove(item)
    this.#chips.remove(item)
    this.#settle()
    this.dispatch("done")
    try {
      if (there) await request("DELETE", `attachments/${there.id}`)
    } catch (error) {
      // What stays behind is forgotten by itself after a day.
      if (!(error instanceof ApiError)) throw error
    }
  }

  // What the message takes along; null when it cannot go yet.
  take() {
    const { failed, busy } = this.#tray
    this.#waits = busy && !failed
    if (failed) say(`“${failed.name}” could not be added. Take it out${failed.final ? " first" : ", or try it again"}.`)
    else if (busy) say("Your message goes out when its files are there.")
    if (failed || busy) return null
    const taken = this.#tray.empty()
    this.#chips.clear()
    this.#settle()
    return taken
  }

  #show(items) {
    for (const item of items) this.#chips.add(item)
    this.#settle()
  }

  #change(item) {
    this.#chips.change(item)
    this.#settle()
  }

  #settle() {
    this.#words.files = this.#tray.ready
    if (this.#tray.busy || !this.#waits) return
    this.#waits = false
    this.element.requestSubmit()
  }
}
