// A line at the foot of the page for what has no better place. Read out by screen readers, gone after a while.
const LIFE = 7000

export function say(words) {
  const place = document.getElementById("toasts")
  if (!place) return
  const line = document.createElement("div")
  line.className = "toast-line"
  line.textContent = words
  place.append(line)
  setTimeout(() => line.remove(), LIFE)
}
