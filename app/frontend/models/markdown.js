import DOMPurify from "dompurify"
import MarkdownIt from "markdown-it"

// A draft, as the server will render it when it is stored (lib/markdown.py): same rules, same classes, so that nothing moves when the
// stored message takes its place. Only the colours of code come with the stored message. Cleaned again here, in the browser.
// Pictures from elsewhere are never loaded: an address can carry words out of the room (W2). They become links that name their host.
const TASK = /^\[([ xX])\] /
const markdown = new MarkdownIt("commonmark", { html: false, breaks: true, linkify: true, maxNesting: 20 }).enable([
  "table",
  "strikethrough",
  "linkify"
])
const { escapeHtml } = markdown.utils
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false })
markdown.core.ruler.push("parley_blocks", state => mendBlocks(state.tokens, state.Token))
markdown.core.ruler.push("parley_links", state => {
  for (const token of state.tokens) for (const child of token.children ?? []) mendLink(child)
})
markdown.renderer.rules.table_open = () => '<div class="table-scroll" tabindex="0"><table>\n'
markdown.renderer.rules.table_close = () => "</table></div>\n"
markdown.renderer.rules.fence = (tokens, index) => codeBlock(tokens[index], tokens[index].info.split(/\s/)[0].toLowerCase())
markdown.renderer.rules.code_block = (tokens, index) => codeBlock(tokens[index], "")
markdown.renderer.rules.image = (tokens, index) => imageAsLink(tokens[index])

const CLEAN = {
  ALLOWED_TAGS: "a blockquote br code del div em h2 h3 h4 h5 h6 hr li ol p pre span strong s table tbody td th thead tr ul".split(" "),
  ALLOWED_ATTR: ["href", "class", "start", "dir", "align", "tabindex", "role", "aria-label", "target", "rel"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|\/(?![/\\]))/i,
  ADD_URI_SAFE_ATTR: ["align", "aria-label", "dir", "rel", "role", "start", "tabindex", "target"]
}

export const rendered = text => DOMPurify.sanitize(markdown.render(text), CLEAN)

function mendBlocks(tokens, Token) {
  const levels = []
  for (const [place, token] of tokens.entries()) {
    if (token.type === "heading_open") mendHeading(tokens, place, levels)
    else if (["paragraph_open", "list_item_open", "th_open", "td_open"].includes(token.type)) token.attrSet("dir", "auto")
    const style = token.attrGet("style")
    if (style) {
      token.attrs = token.attrs.filter(([name]) => name !== "style")
      token.attrSet("align", style.replace(/text-align:\s*/, ""))
    }
    if (token.type === "inline" && tokens[place - 2]?.type === "list_item_open") mendTask(tokens[place - 2], token, Token)
  }
}

// Headings begin below the page's own, without gaps.
function mendHeading(tokens, place, levels) {
  const level = Number(tokens[place].tag[1])
  while (levels.length && levels.at(-1) >= level) levels.pop()
  levels.push(level)
  tokens[place].attrs = [
    ["class", `heading-${level}`],
    ["dir", "auto"]
  ]
  tokens[place].tag = tokens[place + 2].tag = `h${Math.min(1 + levels.length, 6)}`
}

function mendTask(item, inline, Token) {
  const found = TASK.exec(inline.children[0]?.content ?? "")
  if (!found) return
  const done = found[1] !== " "
  inline.children[0].content = inline.children[0].content.slice(found[0].length)
  const box = new Token("html_inline", "", 0)
  box.content = `<span class="task" role="img" aria-label="${done ? "done" : "to do"}">${done ? "☑" : "☐"}</span> `
  inline.children.unshift(box)
  item.attrSet("class", "task-item")
}

function mendLink(token) {
  if (token.type !== "link_open" || !/^https?:|^mailto:/i.test(token.attrGet("href") ?? "")) return
  token.attrSet("target", "_blank")
  token.attrSet("rel", "noopener noreferrer nofollow")
}

function codeBlock(token, word) {
  const label = word ? `<span class="code-block__language">${escapeHtml(word)}</span>` : ""
  const language = word ? ` class="language-${escapeHtml(word)}"` : ""
  return `<div class="code-block">${label}<pre tabindex="0"><code${language}>${escapeHtml(token.content)}</code></pre></div>\n`
}

function imageAsLink(token) {
  const source = token.attrGet("src") ?? ""
  const words = escapeHtml(token.content.trim() || "image")
  const host = /^https?:\/\/([^/?#]+)/i.exec(source)?.[1]
  if (!host) return words
  return `<a class="remote-image" href="${escapeHtml(source)}" target="_blank" rel="noopener noreferrer nofollow">${words} (${escapeHtml(host)})</a>`
}
