import { isMap, isPair, isScalar, visit } from "yaml"

// What is wrong with a text as far as this browser can tell, at once; the server says the rest a moment later.
export function faultsIn(bot, schema) {
  const unread = bot.faults.map(({ from, to, message }) => ({ line: lineOf(bot.text, from), from, to: Math.max(to, from), message }))
  if (unread.length || !schema || !bot.map) return unread
  const found = []
  visit(bot.document, {
    Pair(_, { key }, above) {
      const path = pathOf(above)
      if (!isScalar(key) || typeof key.value !== "string" || schema.allows(path, key.value)) return
      const [from, to] = key.range
      found.push({ line: lineOf(bot.text, from), from, to, message: `there is no such key as “${key.value}” here` })
    }
  })
  return found
}

const lineOf = (text, at) => text.slice(0, at).split("\n").length

// `above` are the nodes from the document down: every pair gives its key, every list a 0.
function pathOf(above) {
  const path = []
  for (const [depth, node] of above.entries()) {
    if (isPair(node)) path.push(node.key.value)
    else if (node.items && !isMap(node) && depth > 0) path.push(0)
  }
  return path
}
