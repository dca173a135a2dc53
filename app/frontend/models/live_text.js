import { rendered } from "./markdown"

// Text that grows. Blocks that have not changed keep their nodes: what was read does not re-flow, and a selection in it survives.
export function showGrowing(element, text) {
  const fresh = document.createElement("template")
  fresh.innerHTML = rendered(text)
  const wanted = [...fresh.content.children]
  const there = [...element.children]
  const same = wanted.findIndex((node, place) => !there[place]?.isEqualNode(node))
  const kept = same < 0 ? wanted.length : same
  for (const node of there.slice(kept)) node.remove()
  element.append(...wanted.slice(kept))
}
