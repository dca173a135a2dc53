// Where in a bot file a position is, while the file is being written and may be broken: by indentation and braces alone.
//
// {path, kind, word, from}: the keys above (0 for any entry of a list); whether a "key", a "value" or an "item" of a list is written
// there; and what of it stands there already.
const LINE = /^(\s*)((?:- +)*)(.*)$/
const KEY = /^("?)([\w-]+)\1\s*:(?=\s|$)\s*/

export function placeAt(text, at) {
  const start = text.lastIndexOf("\n", at - 1) + 1
  const line = parts(text.slice(start, at))
  if (!line || /^#|\s#/.test(line.rest)) return null
  const above = parents(text.slice(0, start).split("\n").slice(0, -1), line)
  return within(above, line.rest, at)
}

// The keys of the same map, so that none is offered twice.
export function siblingsAt(text, at) {
  const lines = text.split("\n")
  const index = text.slice(0, at).split("\n").length - 1
  const own = parts(lines[index])
  const found = new Set()
  if (!own) return found
  for (const step of [-1, 1]) {
    for (let place = index + step; place >= 0 && place < lines.length; place += step) {
      const other = parts(lines[place])
      if (!other || !lines[place].trim()) continue
      if (other.column < own.column || (step > 0 && other.dashes.length && other.dashes[0] < own.column)) break
      if (other.column === own.column && KEY.test(other.rest)) found.add(other.rest.match(KEY)[2])
      if (step < 0 && other.dashes.length && other.dashes[0] < own.column && other.column === own.column) break
    }
  }
  return found
}

function parts(text) {
  const [, indent, dashes, rest] = text.match(LINE)
  const columns = [...dashes.matchAll(/-/g)].map(({ index }) => indent.length + index)
  return { dashes: columns, column: indent.length + dashes.length, rest, blank: !text.trim() || text.trimStart().startsWith("#") }
}

// The path to the content of a line, from the lines above it.
function parents(lines, own) {
  const path = own.dashes.map(() => 0)
  let column = own.dashes[0] ?? own.column
  let inList = own.dashes.length > 0
  for (const text of lines.toReversed()) {
    const line = parts(text)
    if (line.blank) continue
    const key = line.rest.match(KEY)
    const isParent = inList ? !line.dashes.includes(column) && line.column <= column : line.column < column
    if (key && isParent) {
      path.unshift(key[2])
      column = line.column
      inList = false
    }
    const dash = line.dashes.at(-1)
    if (dash !== undefined && dash < column) {
      path.unshift(...line.dashes.map(() => 0))
      column = line.dashes[0]
      inList = true
    }
    if (column === 0 && !inList) break
  }
  return path
}

// Into what the line itself opens: `key: value`, `{a: b, c`, `[x, y`.
function within(path, rest, at) {
  let words = rest
  const key = words.match(KEY)
  const inner = [...path]
  if (key) {
    inner.push(key[2])
    words = words.slice(key[0].length)
  }
  const open = opened(words)
  if (open) return within([...inner, ...open.path], open.rest, at)
  const word = words.trimStart()
  const kind = key ? "value" : path.at(-1) === 0 ? "item" : "key"
  return { path: inner, kind, word, from: at - word.length }
}

// The innermost brace that is still open in a line: what it stands under, and what follows the last comma in it.
function opened(words) {
  const stack = []
  let quote = ""
  for (const [index, letter] of [...words].entries()) {
    if (quote) quote = letter === quote ? "" : quote
    else if ((letter === '"' || letter === "'") && /[\s,:[{]|^$/.test(words[index - 1] ?? "")) quote = letter
    else if (letter === "{" || letter === "[") stack.push({ letter, start: index + 1 })
    else if (letter === "}" || letter === "]") stack.pop()
    else if (letter === "," && stack.length) stack.at(-1).start = index + 1
  }
  if (!stack.length || quote) return null
  const path = []
  for (const [depth, { letter }] of stack.entries()) {
    if (letter === "[") path.push(0)
    const next = stack[depth + 1]
    const before = next && words.slice(stack[depth].start, next.start).match(/([\w-]+)\s*:\s*[[{]?[^:]*$/)
    if (before) path.push(before[1])
  }
  return { path, rest: words.slice(stack.at(-1).start).trimStart() }
}
