import { Controller } from "@hotwired/stimulus"
import { visit } from "@hotwired/turbo"
import { ApiError, request } from "../models/api"
import { composes } from "../models/composes"
import { say } from "../models/notices"

// One stored message: copying code, and for its author editing, asking again and deleting.
export default class extends Controller {
  static targets = ["body", "form", "input", "error"]
  static values = { id: String }

  #sent = null

  connect() {
    for (const block of this.element.querySelectorAll(".code-block")) {
      if (!block.querySelector(".code-block__copy")) block.append(this.#clone("copy-template"))
    }
    const own = this.element.dataset.author === document.body.dataset.user
    const tools = this.element.querySelector(".message__tools")
    if (own && !tools && this.element.dataset.kind === "text") this.element.append(this.#clone("tools-template"))
  }

  async copy({ currentTarget: button }) {
    await navigator.clipboard.writeText(button.closest(".code-block").querySelector("code").textContent)
    button.textContent = "Copied"
    button.classList.add("code-block__copy--done")
    setTimeout(() => {
      button.textContent = "Copy"
      button.classList.remove("code-block__copy--done")
    }, 1500)
  }

  async edit() {
    if (this.hasFormTarget) return this.inputTarget.focus()
    const message = await this.#try(() => request("GET", `messages/${this.idValue}`))
    if (!message || this.hasFormTarget) return
    this.bodyTarget.hidden = true
    this.bodyTarget.after(this.#clone("edit-template"))
    this.inputTarget.value = message.body
    this.inputTarget.focus()
  }

  key(event) {
    if (composes(event)) return
    if (event.key === "Escape") this.cancel()
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault()
      this.formTarget.requestSubmit()
    }
  }

  async save(event) {
    event.preventDefault()
    const message = await this.#try(() => request("PATCH", `messages/${this.idValue}`, { body: this.inputTarget.value }))
    if (!message) return
    if (this.hasBodyTarget) this.bodyTarget.innerHTML = message.html
    this.cancel()
  }

  // In other words: where that makes another version, it takes this one's place.
  async resubmit() {
    const body = this.inputTarget.value
    if (this.#sent?.body !== body) this.#sent = { body, client_id: crypto.randomUUID() }
    const message = await this.#try(() => request("POST", `messages/${this.idValue}/resubmission`, this.#sent))
    if (!message) return
    this.cancel()
    if (!this.element.closest("[role=log]")) visit(`/rooms/${message.room}/`)
  }

  cancel() {
    if (this.hasFormTarget) this.formTarget.remove()
    this.bodyTarget.hidden = false
    // Told to the document itself: the edited message may have taken this one's place already.
    this.dispatch("done", { target: document })
  }

  delete() {
    const dialog = document.getElementById("confirm-delete")
    dialog.returnValue = ""
    dialog.onclose = () => dialog.returnValue === "delete" && this.#try(() => request("DELETE", `messages/${this.idValue}`))
    dialog.showModal()
  }

  async #try(act) {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (this.hasErrorTarget) this.errorTarget.textContent = error.message
      else say(error.message)
      return null
    }
  }

  #clone(id) {
    return document.getElementById(id).content.firstElementChild.cloneNode(true)
  }
}
