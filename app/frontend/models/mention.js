// Completion of @names and /commands. Knows text and carets, nothing of the page.
const MENTION = /(^|[^\w@/.])@([a-z0-9-]*)$/i
const COMMAND = /^\s*\/([a-z0-9-]*)$/i
const MOST = 8

const fold = text => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()

// What is being completed just before the caret: {start, query}, or null.
export const openMention = (text, caret) => open(MENTION, text, caret)

// A command stands at the beginning of a message, or is none.
export const openCommand = (text, caret) => open(COMMAND, text, caret)

// Those whose username or a word of whose name begins with the query, usernames first.
export function candidates(members, query) {
  const rank = member => {
    if (member.username.startsWith(query)) return 0
    return fold(member.name)
      .split(/\s+/)
      .some(word => word.startsWith(query))
      ? 1
      : 2
  }
  return members
    .map(member => ({ member, rank: rank(member) }))
    .filter(({ rank }) => rank < 2)
    .sort((a, b) => a.rank - b.rank || a.member.username.localeCompare(b.member.username))
    .slice(0, MOST)
    .map(({ member }) => member)
}

// Those that begin with the query. One that is written out needs no help, and Enter sends it.
export function commandsFor(commands, query) {
  const found = commands.filter(({ name }) => name.startsWith(query))
  return found.length === 1 && found[0].name === query ? [] : found.slice(0, MOST)
}

// The text with the word filled in, and where the caret goes.
export function complete(text, caret, start, word) {
  const rest = text.slice(caret)
  const filled = `${word}${/^\s/.test(rest) ? "" : " "}`
  return { text: text.slice(0, start) + filled + rest, caret: start + word.length + 1 }
}

function open(pattern, text, caret) {
  const match = pattern.exec(text.slice(0, caret))
  return match ? { start: caret - match.at(-1).length - 1, query: fold(match.at(-1)) } : null
}
