// An arrow between versions takes away the very article it stands in. Whoever pressed it by keyboard goes on where they were.
export function arrowInFocus(list) {
  const arrow = document.activeElement?.closest("[data-way]")
  if (!arrow || !list.contains(arrow)) return null
  return { position: arrow.closest("article").dataset.position, way: arrow.dataset.way }
}

// At the last version the arrow that was pressed is gone: then the other one.
export function focusArrow(timeline, held) {
  const arrows = [...((held && timeline.at(held.position)?.querySelectorAll("[data-way]")) || [])]
  const arrow = arrows.find(one => one.dataset.way === held.way) ?? arrows[0]
  arrow?.focus({ preventScroll: true })
}
