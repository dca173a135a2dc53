import { autocompletion } from "@codemirror/autocomplete"
import { hoverTooltip } from "@codemirror/view"
import { placeAt, siblingsAt } from "./place"

// Completion and help, from the JSON Schema. `language()` gives the schema as soon as it is there.
export const completing = language => [
  autocompletion({ override: [context => complete(context, language())], icons: false, activateOnTyping: true }),
  hoverTooltip((view, at) => help(view, at, language()), { hoverTime: 250 })
]

function complete(context, schema) {
  const text = context.state.doc.toString()
  const place = schema && placeAt(text, context.pos)
  if (!place || (!context.explicit && !place.word && place.kind !== "value")) return null
  const options = offered(place, schema, siblingsAt(text, context.pos))
  return options.length ? { from: place.from, options, validFor: /^[\w-]*$/ } : null
}

function offered({ path, kind }, schema, siblings) {
  const values = kind === "key" ? [] : schema.valuesAt(path).map(value => ({ label: value, type: "enum" }))
  if (kind === "value") return values
  const known = new Set(values.map(({ label }) => label))
  const keys = schema.keysAt(path).filter(({ name }) => !siblings.has(name))
  return [...values, ...keys.map(key => keyOption(key, known))]
}

function keyOption({ name, description, type }, known) {
  const again = known.has(name)
  return {
    label: again ? `${name}:` : name,
    apply: `${name}: `,
    type: "property",
    detail: again ? "with settings" : type,
    info: description || undefined
  }
}

function help(view, at, schema) {
  const line = view.state.doc.lineAt(at)
  const word = [...line.text.matchAll(/[\w-]+/g)].find(
    ({ index, 0: found }) => index <= at - line.from && at - line.from <= index + found.length
  )
  if (!schema || !word) return null
  const end = line.from + word.index + word[0].length
  const place = placeAt(view.state.doc.toString(), end)
  if (place?.word !== word[0]) return null
  const about = schema.about(place.kind === "value" ? place.path : [...place.path, word[0]])
  return about && said(about) ? { pos: line.from + word.index, end, above: true, create: () => ({ dom: tip(word[0], about) }) } : null
}

const said = ({ description, type, values }) => description || type || values.length

function tip(word, { description, type, values, default: usual }) {
  const box = document.createElement("div")
  box.className = "bench-tip"
  const facts = [values.length ? `one of ${values.join(", ")}` : type, usual && `${usual} by default`].filter(Boolean).join("; ")
  for (const [tag, words] of [
    ["b", word],
    ["p", description],
    ["small", facts]
  ]) {
    if (!words) continue
    box.append(Object.assign(document.createElement(tag), { textContent: words }))
  }
  return box
}
