import { weight } from "./weight"

// The files of a message that is on its way, much as they will be.
export function showFiles(list, attachments) {
  list.hidden = !attachments.length
  list.replaceChildren(...attachments.map(lineOf))
}

function lineOf({ name, size, preview, width, height }) {
  const line = document.createElement("li")
  line.className = "attached"
  if (preview) {
    const picture = Object.assign(document.createElement("img"), { src: preview, alt: "", width, height })
    line.append(picture)
  }
  for (const [kind, words] of [
    ["name", name],
    ["size", weight(size)]
  ]) {
    const part = document.createElement("span")
    part.className = `attached__${kind}`
    part.textContent = words
    line.append(part)
  }
  return line
}
