// Loads a frame from its own address anew. False when it has to wait: of two loads at once, or of a second one while the first is being
// rendered, Turbo loses its way. Setting another address loads it.
export function loadAnew(frame) {
  if (frame.hasAttribute("busy") || "rendering" in frame.dataset) return false
  const wanted = new URL(frame.dataset.src, location).href
  if (frame.hasAttribute("src") && new URL(frame.getAttribute("src"), location).href === wanted) frame.reload()
  else frame.setAttribute("src", wanted)
  return true
}
