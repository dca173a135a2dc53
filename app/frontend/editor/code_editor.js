import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete"
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands"
import { yaml } from "@codemirror/lang-yaml"
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language"
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint"
import { unifiedMergeView } from "@codemirror/merge"
import { EditorState } from "@codemirror/state"
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view"
import { tags } from "@lezer/highlight"
import { completing } from "./completing"

// The text of a bot file with colours, completion, help and faults. CodeMirror writes a style element: it carries the page's nonce,
// so that the content security policy lets it in.
export class CodeEditor {
  constructor(parent, { text, language, changed, save }) {
    const told = EditorView.updateListener.of(update => update.docChanged && changed())
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        extensions: [...writing(language, save), ...looks("Bot file"), told]
      })
    })
  }

  get text() {
    return this.view.state.doc.toString()
  }

  // Another text, changed in as small a part as may be, so that the cursor and the way back stay.
  set text(text) {
    const now = this.text
    if (now === text) return
    let from = 0
    while (from < Math.min(now.length, text.length) && now[from] === text[from]) from++
    let end = 0
    while (end < Math.min(now.length, text.length) - from && now.at(-1 - end) === text.at(-1 - end)) end++
    this.view.dispatch({ changes: { from, to: now.length - end, insert: text.slice(from, text.length - end) } })
  }

  // [{line, message, hint, from?, to?}]
  show(problems) {
    this.view.dispatch(
      setDiagnostics(
        this.view.state,
        problems.map(problem => this.#diagnostic(problem))
      )
    )
  }

  goTo(line) {
    const { from } = this.#line(line)
    this.view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) })
    this.view.focus()
  }

  destroy() {
    this.view.destroy()
  }

  #line(number) {
    const { doc } = this.view.state
    return doc.line(Math.min(Math.max(number, 1), doc.lines))
  }

  #diagnostic({ line, message, hint, key, from, to }) {
    const { length } = this.view.state.doc
    const place = this.#line(line)
    const wrong = wrongWord(message, key)
    const at = from === undefined && hint && wrong ? place.text.indexOf(wrong) : -1
    const start = from ?? (at >= 0 ? place.from + at : place.from + place.text.search(/\S|$/))
    const end = to ?? (at >= 0 ? start + wrong.length : place.to)
    const actions =
      at >= 0 ? [{ name: `Use “${hint}”`, apply: (view, a, b) => view.dispatch({ changes: { from: a, to: b, insert: hint } }) }] : []
    const said = hint ? `${message}. Did you mean “${hint}”?` : message
    return { from: Math.min(start, length), to: Math.min(end, length), severity: "error", message: said, actions }
  }
}

// Two texts as one, with what went and what came.
export function showDifference(parent, { before, after }) {
  const merge = unifiedMergeView({
    original: before,
    mergeControls: false,
    collapseUnchanged: { margin: 3, minSize: 6 },
    highlightChanges: before !== ""
  })
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: after,
      extensions: [
        yaml(),
        lineNumbers(),
        EditorView.lineWrapping,
        ...looks("What changes"),
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        merge
      ]
    })
  })
}

// The word that the nearest valid one would stand in for; values are for the person to choose.
function wrongWord(message, key = "") {
  if (message.startsWith("there is no such key")) return key.split(".").at(-1)
  return message.match(/^there is no step (\w+)/)?.[1]
}

const writing = (language, save) => [
  yaml(),
  lineNumbers(),
  history(),
  drawSelection(),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  highlightActiveLine(),
  lintGutter(),
  indentUnit.of("  "),
  EditorState.tabSize.of(2),
  EditorView.lineWrapping,
  completing(language),
  keymap.of([
    { key: "Mod-s", preventDefault: true, run: () => Boolean(save() ?? true) },
    ...closeBracketsKeymap,
    ...completionKeymap,
    ...lintKeymap,
    ...historyKeymap,
    ...defaultKeymap
  ])
]

// Colours are the tokens of the page: they follow its theme by themselves.
const looks = label => [
  EditorView.cspNonce.of(document.querySelector("meta[name=csp-nonce]").content),
  EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocorrect: "off", autocapitalize: "off" }),
  syntaxHighlighting(COLOURS),
  THEME
]

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-name)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--code-number)" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace, tags.meta], color: "var(--faint)" }
])

const THEME = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: "var(--text-s)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--bs-font-monospace)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--accent)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--faint)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--sunken) 70%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 24%, transparent)"
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-wash)", color: "inherit" },
  ".cm-tooltip": {
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--r)",
    backgroundColor: "var(--raised)",
    color: "var(--ink)",
    boxShadow: "var(--float)",
    overflow: "hidden"
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--bs-font-monospace)", maxHeight: "260px" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "4px 10px", color: "var(--ink)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-wash)", color: "var(--ink)" },
  ".cm-completionDetail": { color: "var(--soft)", fontStyle: "normal" },
  ".cm-completionInfo": { padding: "8px 12px", maxWidth: "320px", lineHeight: "1.45" },
  ".cm-diagnostic": { padding: "6px 10px", borderLeft: "3px solid var(--bad)", lineHeight: "1.45" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent)", color: "var(--accent-ink)", borderRadius: "var(--r-s)", padding: "2px 8px" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad)", textUnderlineOffset: "3px" },
  ".cm-lint-marker-error": {
    content: "none",
    width: "8px",
    height: "8px",
    margin: "6px 4px",
    borderRadius: "50%",
    backgroundColor: "var(--bad)"
  },
  ".cm-changedLine": { backgroundColor: "color-mix(in srgb, var(--good) 9%, transparent) !important" },
  ".cm-deletedChunk": { backgroundColor: "color-mix(in srgb, var(--bad) 8%, transparent)" },
  "&.cm-merge-b .cm-changedText": { background: "none", textDecoration: "underline 2px var(--good)", textUnderlineOffset: "4px" },
  ".cm-deletedChunk .cm-deletedText": { background: "none", textDecoration: "underline 2px var(--bad)", textUnderlineOffset: "4px" },
  ".cm-collapsedLines": { backgroundColor: "var(--sunken)", backgroundImage: "none", color: "var(--soft)" },
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: "none" }
})
