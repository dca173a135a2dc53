// How a bot did in one case of its file, as a line of a list.
export function caseItem({ case: said, passed, missed }) {
  const item = Object.assign(document.createElement("li"), { className: passed ? "bench-case" : "bench-case bench-case--missed" })
  const mark = Object.assign(document.createElement("span"), { className: "bench-case__mark", textContent: passed ? "passed" : "missed" })
  const words = Object.assign(document.createElement("span"), { className: "bench-case__said", textContent: said, dir: "auto" })
  item.append(mark, words)
  if (missed) item.append(Object.assign(document.createElement("small"), { textContent: missed, dir: "auto" }))
  return item
}
