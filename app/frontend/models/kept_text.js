// What somebody writes in the editor, kept in this browser until it is saved: per person, bot and version it was made from. Keys begin
// like those of kept_words.js, so that signing out forgets them.
export class KeptText {
  constructor(user, bot, base, storage = window.localStorage) {
    this.storage = storage
    this.key = `parley:${user}:bot:${bot || "new"}:${base || "new"}`
  }

  // {text, at} or null
  get kept() {
    try {
      return JSON.parse(this.storage.getItem(this.key))
    } catch {
      return null
    }
  }

  keep(text, now = new Date()) {
    try {
      this.storage.setItem(this.key, JSON.stringify({ text, at: now.toISOString() }))
    } catch {
      // Full or forbidden: the text is still on the page.
    }
  }

  forget() {
    try {
      this.storage.removeItem(this.key)
    } catch {
      // As above.
    }
  }
}
