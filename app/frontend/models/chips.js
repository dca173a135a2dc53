import { weight } from "./weight"

// The files of the next message, as the composer shows them.
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"]

export class Chips {
  #list
  #chips = new Map()

  constructor(list) {
    this.#list = list
  }

  add(item) {
    const chip = document.getElementById("chip-template").content.firstElementChild.cloneNode(true)
    showPicture(chip, item)
    this.#chips.set(item, chip)
    this.#list.append(chip)
    this.#list.hidden = false
    this.change(item)
  }

  change(item) {
    showState(this.#chips.get(item), item)
  }

  remove(item) {
    this.#chips.get(item).remove()
    this.#chips.delete(item)
    this.#list.hidden = !this.#chips.size
  }

  clear() {
    for (const item of [...this.#chips.keys()]) this.remove(item)
  }

  itemOf(element) {
    return [...this.#chips].find(([, chip]) => chip.contains(element))[0]
  }
}

function showPicture(chip, { file, attachment }) {
  const picture = chip.querySelector("img")
  if (PICTURES.includes(file?.type)) {
    picture.src = URL.createObjectURL(file)
    picture.onload = () => URL.revokeObjectURL(picture.src)
  } else if (attachment?.preview) picture.src = attachment.preview
  const icon = chip.querySelector(".chip__icon")
  icon.hidden = picture.hasAttribute("src")
  picture.hidden = !icon.hidden
  // It calls itself a picture, and is none.
  picture.onerror = () => {
    picture.hidden = true
    icon.hidden = false
  }
}

function showState(chip, { state, name, size, share, words, final }) {
  chip.dataset.state = state
  chip.querySelector(".chip__name").textContent = name
  chip.querySelector(".chip__words").textContent = state === "failed" ? words : weight(size)
  const progress = chip.querySelector("progress")
  progress.hidden = state === "ready" || state === "failed"
  progress.setAttribute("aria-label", `Uploading ${name}`)
  // All sent is not all done: the server looks at it first.
  if (state === "uploading" && share < 1) progress.value = share
  else progress.removeAttribute("value")
  chip.querySelector(".chip__retry").hidden = state !== "failed" || Boolean(final)
  chip.querySelector(".chip__remove").setAttribute("aria-label", `Take out ${name}`)
}
