// What there is to read in a rendered message, in one line, as the server says it (lib/markdown.py, words_in).
export function wordsIn(html) {
  const template = document.createElement("template")
  template.innerHTML = html
  for (const label of template.content.querySelectorAll(".code-block__language")) label.remove()
  return template.content.textContent.replace(/\s+/g, " ").trim()
}
