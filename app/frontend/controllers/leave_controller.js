import { Controller } from "@hotwired/stimulus"
import { forget } from "../models/kept_words"

// Signing out: the words kept in this browser go too.
export default class extends Controller {
  forget() {
    forget(document.body.dataset.user)
  }
}
