import { Controller } from "@hotwired/stimulus"

// Files that are dragged over the page or pasted: shows where they go, and hands them on.
export default class extends Controller {
  static targets = ["veil"]

  over(event) {
    if (!event.dataTransfer?.types.includes("Files")) return
    event.preventDefault()
    this.veilTarget.hidden = false
  }

  // From one element to another is not out of the page.
  out({ relatedTarget }) {
    if (!relatedTarget) this.veilTarget.hidden = true
  }

  drop(event) {
    this.veilTarget.hidden = true
    if (!event.dataTransfer?.files.length) return
    event.preventDefault()
    this.#hand(event.dataTransfer.files)
  }

  // A picture of the clipboard; not the picture of a text that was copied as both.
  paste(event) {
    const { files, types } = event.clipboardData
    if (!files.length || types.includes("text/plain")) return
    event.preventDefault()
    this.#hand(files)
  }

  #hand(files) {
    this.dispatch("files", { detail: [...files] })
  }
}
