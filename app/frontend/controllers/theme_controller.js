import { Controller } from "@hotwired/stimulus"

// Light, dark or automatic. The cookie lets the server write it into the next page, so that nothing flashes.
const WORDS = { light: "Light theme", dark: "Dark theme", auto: "Automatic theme" }
const YEAR = 31_536_000

export default class extends Controller {
  static targets = ["choice", "words"]

  connect() {
    this.#show(document.documentElement.dataset.theme || "auto")
  }

  choose(event) {
    event.preventDefault()
    const theme = event.currentTarget.value
    const secure = location.protocol === "https:" ? "; secure" : ""
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser we serve.
    document.cookie = `theme=${theme}; path=/; max-age=${YEAR}; samesite=lax${secure}`
    document.documentElement.dataset.theme = theme
    this.#show(theme)
    event.currentTarget.closest("[popover]").hidePopover()
  }

  #show(theme) {
    for (const choice of this.choiceTargets) choice.setAttribute("aria-checked", choice.value === theme)
    for (const words of this.wordsTargets) words.textContent = WORDS[theme]
  }
}
