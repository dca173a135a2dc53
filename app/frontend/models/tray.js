import { ApiError } from "./api"
import { Upload } from "./upload"
import { weight } from "./weight"

// The files that the next message will carry: each waits, is uploaded, and is ready or has failed. One is uploaded after the other, so that
// they arrive in the order they were chosen in.
export class Tray {
  #room
  #limits
  #changed
  #line = Promise.resolve()
  #upload

  items = []

  // `changed` hears of the item that changed.
  constructor(room, { megabytes, most }, { changed, upload = () => new Upload() }) {
    this.#room = room
    this.#limits = { megabytes, most }
    this.#changed = changed
    this.#upload = upload
  }

  get busy() {
    return this.items.some(item => item.state === "waiting" || item.state === "uploading")
  }

  get failed() {
    return this.items.find(item => item.state === "failed")
  }

  get ready() {
    return this.items.filter(item => item.state === "ready").map(item => item.attachment)
  }

  add(files) {
    return [...files].map(file => this.#take(file))
  }

  // What was ready when the page was left.
  restore(attachments) {
    return attachments.map(attachment => this.#put({ state: "ready", name: attachment.name, size: attachment.size, attachment }))
  }

  retry(item) {
    this.#set(item, { state: "waiting", words: "", share: 0 })
    this.#queue(item)
  }

  // Whether the server has it, and should forget it.
  remove(item) {
    this.items = this.items.filter(other => other !== item)
    item.upload?.stop()
    return item.attachment
  }

  // Nobody waits for them any more.
  stop() {
    const { items } = this
    this.items = []
    for (const item of items) item.upload?.stop()
  }

  // The message takes them along.
  empty() {
    const taken = this.ready
    this.items = []
    return taken
  }

  #take(file) {
    const item = this.#put({ state: "waiting", name: file.name || "file", size: file.size, file, share: 0, words: "" })
    const words = this.#tooMuch(file)
    if (words) Object.assign(item, { state: "failed", words, final: true })
    else this.#queue(item)
    return item
  }

  #put(item) {
    this.items.push(item)
    return item
  }

  #tooMuch(file) {
    const { megabytes, most } = this.#limits
    if (this.items.length > most) return `A message carries at most ${most} files.`
    if (file.size > megabytes * 1e6) return `It has ${weight(file.size)}; ${megabytes} MB is the most.`
    return file.size ? "" : "It is empty."
  }

  #queue(item) {
    this.#line = this.#line.then(() => (this.items.includes(item) ? this.#send(item) : null))
  }

  async #send(item) {
    item.upload = this.#upload()
    this.#set(item, { state: "uploading" })
    try {
      const attachment = await item.upload.send(this.#room, item.file, share => this.#set(item, { share }))
      this.#set(item, { state: "ready", attachment, name: attachment.name, size: attachment.size })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      // What the server refuses for what it is, it refuses again.
      const final = error.status >= 400 && error.status < 500 && error.status !== 429
      this.#set(item, { state: "failed", words: error.message, final })
    }
  }

  #set(item, changes) {
    Object.assign(item, changes)
    if (this.items.includes(item)) this.#changed(item)
  }
}
