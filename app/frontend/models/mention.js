// Completion of @names. Knows text and carets, nothing of the page.
const OPEN = /(^|[^\w@/.])@([a-z0-9-]*)$/i
const MOST = 8

const fold = text => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()

// What is being completed just before the caret: {start, query}, or null.
export function openMention(text, caret) {
  const match = OPEN.exec(text.slice(0, caret))
  return match ? { start: caret - match[2].length - 1, query: fold(match[2]) } : null
}

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

// The text with the name filled in, and where the caret goes.
export function complete(text, caret, start, username) {
  const rest = text.slice(caret)
  const filled = `@${username}${/^\s/.test(rest) ? "" : " "}`
  return { text: text.slice(0, start) + filled + rest, caret: start + username.length + 2 }
}
