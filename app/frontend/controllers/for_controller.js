import { Controller } from "@hotwired/stimulus"

// Everybody in a room gets the same HTML. This shows a control to those it is for: `data-for` names them by id, by @username, as
// "operators" or as "members" (everybody who can read it). The server refuses the others anyhow.
export default class extends Controller {
  connect() {
    const { user, username, operator } = document.body.dataset
    const allowed = this.element.dataset.for.split(",").map(word => word.trim())
    const mine = ["members", user, `@${username}`, operator === undefined ? null : "operators"]
    this.element.hidden = !mine.some(word => word && allowed.includes(word))
    this.element.dataset.forKnown = ""
  }
}
