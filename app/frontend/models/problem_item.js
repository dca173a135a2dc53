// A fault of a bot file as a line of a list; a click leads to its place.
export function problemItem({ line, key, message, hint }) {
  const item = document.createElement("li")
  const button = Object.assign(document.createElement("button"), { type: "button", className: "bench__problem" })
  button.dataset.action = "bench#goTo"
  button.dataset.benchLineParam = line
  const where = Object.assign(document.createElement("b"), { textContent: `Line ${line}` })
  button.append(where, ` ${key ? `${key}: ` : ""}${message}${hint ? `. Did you mean “${hint}”?` : ""}`)
  item.append(button)
  return item
}
