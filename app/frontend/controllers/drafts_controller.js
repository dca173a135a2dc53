import { Controller } from "@hotwired/stimulus"
import { ApiError, request } from "../models/api"
import { draftArticle, showDraft, stoppedArticle } from "../models/articles"
import { DraftText } from "../models/draft_text"
import { say } from "../models/notices"

// What bots are writing in this room just now: one article each, until the stored reply takes its place.
export default class extends Controller {
  static outlets = ["log"]
  static values = { room: String }

  #drafts = new Map()
  #painting = 0

  disconnect() {
    // The outlet may be the log of the next page already, and nobody hears an element that has left the page.
    cancelAnimationFrame(this.#painting)
    for (const { article } of this.#drafts.values()) article.remove()
    this.#drafts.clear()
    this.dispatch("rested", { target: document, detail: { room: this.roomValue } })
  }

  hear({ detail: frame }) {
    if (frame.room !== this.roomValue) return
    if (frame.type === "opened") this.#reopen(frame.drafts)
    else if (frame.type === "draft") this.#take(frame)
    else if (frame.type === "draft.end") this.logOutlet.keeper.following(() => this.#remove(frame.run))
    else if (frame.kind === "run.ended") this.logOutlet.keeper.following(() => this.#end(frame))
  }

  // The reply is stored: the draft goes in the same breath.
  replaced({ detail: message }) {
    this.#remove(message.metadata.run)
  }

  async stop({ currentTarget: button }) {
    button.disabled = true
    try {
      await request("POST", `runs/${button.closest("article").dataset.run}/cancellation`)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      button.disabled = false
      say(error.message)
    }
  }

  // After a reconnect the server's list is the truth: what is not in it has ended meanwhile.
  #reopen(drafts) {
    for (const run of [...this.#drafts.keys()]) if (!drafts.some(draft => draft.run === run)) this.#remove(run)
    for (const draft of drafts) this.#take(draft)
  }

  #take(frame) {
    if (!this.#drafts.has(frame.run)) this.#begin(frame)
    const draft = this.#drafts.get(frame.run)
    draft.changed = draft.text.apply(frame) || draft.changed
    if (draft.changed) this.#painting ||= requestAnimationFrame(() => this.#paint())
    if (draft.text.broken) this.#askAgain(draft)
  }

  #begin(frame) {
    const article = draftArticle(frame)
    this.#drafts.set(frame.run, { article, text: new DraftText() })
    this.logOutlet.append(article)
    this.dispatch("working", { detail: { room: this.roomValue, name: frame.author.name } })
  }

  // A frame was lost on the way: the server has the whole text.
  #askAgain(draft) {
    if (draft.asked === draft.text.text.length) return
    draft.asked = draft.text.text.length
    document.dispatchEvent(new CustomEvent("parley:reopen"))
  }

  #paint() {
    this.#painting = 0
    this.logOutlet.keeper.following(() => {
      for (const draft of this.#drafts.values()) {
        if (draft.changed) showDraft(draft.article, draft.text)
        draft.changed = false
      }
    })
  }

  // What somebody stopped is not kept; what was read of it does not vanish under their eyes, unless a reply comes back in its place.
  #end({ seq, data: { run, outcome } }) {
    const draft = this.#drafts.get(run)
    if (outcome === "cancelled" && draft?.text.text && !draft.article.dataset.instead)
      this.logOutlet.timeline.append(stoppedArticle(draft.article, seq))
    this.#remove(run)
  }

  #remove(run) {
    const draft = this.#drafts.get(run)
    if (!draft) return
    this.#drafts.delete(run)
    this.logOutlet.timeline.remove(draft.article)
    if (!this.#drafts.size) this.dispatch("rested", { detail: { room: this.roomValue } })
  }
}
