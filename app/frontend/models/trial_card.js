import { elementFrom } from "./fragments"

// What a bot asks in a trial. It is answered once: then it says what was answered, and its buttons are gone.
export class TrialCard {
  constructor(html) {
    this.element = elementFrom(html)
  }

  get kind() {
    return this.element.dataset.kind
  }

  get question() {
    return this.#one(".card-note__title").textContent
  }

  // What the form says with this button. The button is remembered: it has the words of what was decided.
  fields(form, button) {
    this.button = button
    const fields = Object.fromEntries(new FormData(form))
    return button?.name ? { ...fields, [button.name]: button.value } : fields
  }

  wait(waiting = true) {
    for (const control of this.element.querySelectorAll("button, input, textarea")) control.disabled = waiting
  }

  refuse(words) {
    this.wait(false)
    this.#problem(words)
    this.button?.focus()
  }

  settle({ value }) {
    const { said } = this.button.dataset
    const edited = this.#asTheyAreNow(value === "yes")
    this.#close(edited ? `Edited and ${said.toLowerCase()}` : said)
    if (this.kind !== "approval") this.#one(".card-note__about:last-child").after(quoted(value))
  }

  withdraw() {
    this.#close("Not answered: you have said something else.")
  }

  #close(words) {
    this.#problem("")
    this.#one(".card-note__row").remove()
    this.element.classList.replace("card-note--ask", "card-note--settled")
    this.element.append(Object.assign(document.createElement("p"), { className: "card-note__about", textContent: words }))
  }

  // The parts as they were decided on. Whether that is in other words than were asked for.
  #asTheyAreNow(taken) {
    const inputs = [...this.element.querySelectorAll(".card-note__input")]
    const edited = inputs.filter(input => taken && input.value !== input.defaultValue)
    for (const input of edited) input.previousElementSibling.textContent = input.value
    for (const input of inputs) {
      input.previousElementSibling.hidden = false
      input.remove()
    }
    return edited.length > 0
  }

  #problem(words) {
    const problem = this.#one(".card-note__problem")
    problem.textContent = words
    problem.hidden = !words
  }

  #one(selector) {
    return this.element.querySelector(selector)
  }
}

function quoted(text) {
  const words = { className: "card-note__bytes card-note__bytes--text", dir: "auto", textContent: text }
  return Object.assign(document.createElement("div"), words)
}
