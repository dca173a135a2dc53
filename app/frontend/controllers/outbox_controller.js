import { Controller } from "@hotwired/stimulus"
import { markPending, pendingArticle } from "../models/articles"
import { KeptWords } from "../models/kept_words"
import { Sender } from "../models/sender"

// Messages on their way. Each is shown at once as not stored yet; it counts as sent when the server says it is stored, and stays with a
// Retry button when it could not be. Sending the same client_id twice is harmless.
export default class extends Controller {
  static outlets = ["log"]
  static values = { room: String }

  #words
  #pending = new Map()
  #sender

  initialize() {
    this.#words = new KeptWords(this.roomValue, document.body.dataset.user)
    this.#sender = new Sender(this.roomValue)
  }

  logOutletConnected() {
    for (const message of this.#words.unsent) if (!this.#pending.has(message.client_id)) this.#show(message)
    this.#sendAll()
  }

  disconnect() {
    for (const { article } of this.#pending.values()) article.remove()
    this.#pending.clear()
  }

  take({ detail: { body, attachments } }) {
    const message = this.#words.add({ body, attachments })
    this.#show(message)
    this.logOutlet.keeper.toEnd()
    this.#send(message)
  }

  // The connection is back: what could not be sent goes out again by itself.
  connected({ detail: state }) {
    if (state === "on") this.#sendAll()
  }

  retry({ target }) {
    this.#send(this.#pending.get(target.closest("article").dataset.clientId).message)
  }

  discard({ target }) {
    this.#forget(target.closest("article").dataset.clientId)
    this.dispatch("done")
  }

  // The socket is often faster than the answer to the post: then the stored message takes the place of the one that is out just now.
  // Of no other: the same words from another device, or said again, are another message.
  stored({ detail: { id, author, body } }) {
    if (String(author.id) !== document.body.dataset.user) return
    const known = [...this.#pending.values()].find(entry => entry.id === id)
    const out = this.#pending.get(this.#sender.out)
    if (known) this.#forget(known.message.client_id)
    else if (out?.message.body === body) this.logOutlet.timeline.remove(out.article)
  }

  #show(message) {
    const article = pendingArticle(message)
    article.dataset.author = document.body.dataset.user
    this.#pending.set(message.client_id, { article, message })
    this.logOutlet.append(article)
  }

  #sendAll() {
    for (const { message, waiting } of this.#pending.values()) if (!waiting) this.#send(message)
  }

  #send(message) {
    const { client_id } = message
    this.#mark(client_id, { state: "sending" })
    const wanted = () => this.#pending.has(client_id) || this.#words.has(client_id)
    this.#sender.send(message, { wanted, tell: outcome => this.#mark(client_id, outcome) })
  }

  #mark(clientId, { state = "stored", words = "", id } = {}) {
    if (id) this.#words.remove(clientId)
    const entry = this.#pending.get(clientId)
    if (!entry) return
    if (id && this.logOutlet.timeline.find(`message-${id}`)) return this.#forget(clientId)
    Object.assign(entry, { id, waiting: state !== "unsent" })
    if (!entry.waiting && !entry.article.isConnected) this.logOutlet.append(entry.article)
    this.logOutlet.keeper.following(() => markPending(entry.article, state, words))
  }

  #forget(clientId) {
    const { article } = this.#pending.get(clientId)
    this.#pending.delete(clientId)
    this.#words.remove(clientId)
    this.logOutlet.timeline.remove(article)
  }
}
