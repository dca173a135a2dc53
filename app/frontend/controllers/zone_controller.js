import { Controller } from "@hotwired/stimulus"

// Fills in the time zone of this browser where a form asks for one and nobody has chosen yet.
export default class extends Controller {
  connect() {
    if (!this.element.value) this.element.value = Intl.DateTimeFormat().resolvedOptions().timeZone
  }
}
