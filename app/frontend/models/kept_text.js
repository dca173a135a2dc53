// What somebody writes in the editor, kept in this browser until it is saved: per person, bot and version it was made from. Keys begin
// like those of kept_words.js, so that signing out forgets them. A storage that is full or forbidden keeps nothing: the text is still on
// the page.
export class KeptText {
  constructor(user, bot, storage = window.localStorage) {
    this.storage = storage
    this.prefix = `parley:${user}:bot:${bot || "new"}:`
  }

  // {text, at, base} of what was written last, whatever version it was made from; null when there is nothing.
  get latest() {
    const kept = this.#keys.map(key => ({ base: key.slice(this.prefix.length), ...this.#read(key) })).filter(({ text }) => text)
    return kept.sort((one, other) => (one.at < other.at ? 1 : -1))[0] ?? null
  }

  keep(text, base, now = new Date()) {
    this.#quietly(() => this.storage.setItem(this.prefix + (base || "new"), JSON.stringify({ text, at: now.toISOString() })))
  }

  // One that was thrown away; or all of the bot's, since it was saved.
  forget(base) {
    for (const key of base ? [this.prefix + base] : this.#keys) this.#quietly(() => this.storage.removeItem(key))
  }

  get #keys() {
    return Object.keys(this.storage).filter(key => key.startsWith(this.prefix))
  }

  #read(key) {
    return this.#quietly(() => JSON.parse(this.storage.getItem(key))) ?? {}
  }

  #quietly(act) {
    try {
      return act()
    } catch {
      return null
    }
  }
}
