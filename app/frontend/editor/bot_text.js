import { isMap, isScalar, parseDocument, stringify } from "yaml"

// The keys of a bot file in the order people write them: a new one goes behind those before it.
const ORDER = ["name", "persona", "permissions", "timezone", "attend", "budget", "delegates", "commands", "steps", "tests"]

// The text of a bot file, for a form beside it. A change touches the one value it is about: comments, order and layout stay.
export class BotText {
  constructor(text) {
    this.text = text
    this.document = parseDocument(text, { prettyErrors: true })
    this.map = isMap(this.document.contents) ? this.document.contents : null
  }

  get readable() {
    return this.document.errors.length === 0 && (this.map !== null || this.document.contents === null)
  }

  // What keeps it from being YAML: [{from, to, message}].
  get faults() {
    return this.document.errors.map(({ pos, message }) => ({ from: pos[0], to: pos[1], message: message.split("\n")[0].replace(/:$/, "") }))
  }

  get(path) {
    const found = this.map && this.document.getIn(path)
    return found?.toJSON ? found.toJSON() : found
  }

  // The text with another value at `path`, one or two keys; without that key when the value is "", null or undefined.
  with(path, value) {
    if (!this.readable || this.get(path) === value) return this.text
    if (value === "" || value === null || value === undefined) return this.#without(path)
    const known = this.map && this.document.getIn(path, true)
    if (isScalar(known) && known.source !== undefined && known.source !== "") return this.#replaced(known, path, value)
    if (known && !isScalar(known)) return this.text
    return path.length === 1 ? this.#added(path[0], value) : this.#inside(path, value)
  }

  #replaced(node, path, value) {
    const [from, to] = node.range
    const block = this.text.slice(from, to).endsWith("\n") ? "\n" : ""
    return this.#spliced(from, to, written(value, this.#isFlow(path)) + block)
  }

  #without(path) {
    const parent = path.length === 1 ? this.map : this.document.getIn(path.slice(0, -1), true)
    const at = isMap(parent) ? parent.items.findIndex(({ key }) => key.value === path.at(-1)) : -1
    if (at < 0) return this.text
    if (path.length > 1 && parent.items.length === 1) return this.#without(path.slice(0, -1))
    const { key, value } = parent.items[at]
    const end = value?.range ? value.range[1] : key.range[1]
    if (!parent.flow) return this.#spliced(this.#lineStart(key.range[0]), this.#nextLine(end), "")
    const next = parent.items[at + 1]
    return next ? this.#spliced(key.range[0], next.key.range[0], "") : this.#spliced(endOf(parent.items[at - 1]), end, "")
  }

  #added(key, value) {
    return this.#inserted(this.#placeFor(key), `${key}: ${written(value, false)}\n`)
  }

  #inside([key, inner], value) {
    const parent = this.map && this.document.getIn([key], true)
    if (isMap(parent) && parent.flow) {
      const last = parent.items.at(-1)
      const [from] = last ? [endOf(last)] : [parent.range[0] + 1]
      return this.#spliced(from, from, `${last ? ", " : ""}${inner}: ${written(value, true)}`)
    }
    if (isMap(parent)) {
      const indent = parent.items[0].key.range[0] - this.#lineStart(parent.items[0].key.range[0])
      return this.#inserted(this.#nextLine(endOf(parent.items.at(-1))), `${" ".repeat(indent)}${inner}: ${written(value, false)}\n`)
    }
    if (parent && !(isScalar(parent) && parent.value === null)) return this.text
    const pair = this.map?.items.find(item => item.key.value === key)
    const line = `  ${inner}: ${written(value, false)}\n`
    return pair ? this.#inserted(this.#nextLine(pair.key.range[1]), line) : this.#inserted(this.#placeFor(key), `${key}:\n${line}`)
  }

  // Behind the last of the keys that stand before this one; else at the top of the map, or of the file.
  #placeFor(key) {
    const before = ORDER.slice(0, ORDER.indexOf(key))
    const last = this.map?.items.filter(item => before.includes(item.key.value)).at(-1)
    if (last) return this.#nextLine(endOf(last))
    const first = this.map?.items[0]
    return first ? this.#lineStart(first.key.range[0]) : this.text.length
  }

  #inserted(at, line) {
    const unended = at > 0 && this.text[at - 1] !== "\n"
    return this.#spliced(at, at, unended ? `\n${line}` : line)
  }

  #spliced(from, to, words) {
    return this.text.slice(0, from) + words + this.text.slice(to)
  }

  #isFlow(path) {
    return path.slice(0, -1).some((_, depth) => this.document.getIn(path.slice(0, depth + 1), true)?.flow)
  }

  #lineStart(at) {
    return this.text.lastIndexOf("\n", at - 1) + 1
  }

  #nextLine(at) {
    if (this.text[at - 1] === "\n") return at
    const end = this.text.indexOf("\n", at)
    return end < 0 ? this.text.length : end + 1
  }
}

const endOf = ({ key, value }) => (value?.range ? value.range[1] : key.range[1])

function written(value, flow) {
  if (typeof value !== "string") return String(value)
  if (value.includes("\n") || (flow && /[,[\]{}]/.test(value))) return JSON.stringify(value)
  return stringify(value, { lineWidth: 0 }).trimEnd()
}
