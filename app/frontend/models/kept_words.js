// What a person is writing and what could not be sent, per room, kept in this browser until it is stored on the server.
// Storage may be full or forbidden: then nothing is kept, and nothing breaks.
export class KeptWords {
  constructor(room, user, storage = window.localStorage) {
    this.storage = storage
    this.draftKey = `parley:${user}:${room}:draft`
    this.filesKey = `parley:${user}:${room}:files`
    this.unsentKey = `parley:${user}:${room}:unsent`
  }

  get draft() {
    return this.#read(this.draftKey) ?? ""
  }

  set draft(text) {
    this.#write(this.draftKey, text.trim() ? text : null)
  }

  // What is uploaded for the message that is being written.
  get files() {
    return this.#read(this.filesKey) ?? []
  }

  set files(attachments) {
    this.#write(this.filesKey, attachments.length ? attachments : null)
  }

  get unsent() {
    return this.#read(this.unsentKey) ?? []
  }

  // Kept before it goes out: a tab that dies in between loses nothing. The client_id makes sending twice harmless.
  add({ body, attachments = [] }, now = new Date()) {
    const message = { client_id: crypto.randomUUID(), body, attachments, at: now.toISOString() }
    this.#write(this.unsentKey, [...this.unsent, message])
    return message
  }

  has(clientId) {
    return this.unsent.some(message => message.client_id === clientId)
  }

  remove(clientId) {
    const left = this.unsent.filter(message => message.client_id !== clientId)
    this.#write(this.unsentKey, left.length ? left : null)
  }

  #read(key) {
    try {
      return JSON.parse(this.storage.getItem(key))
    } catch {
      return null
    }
  }

  #write(key, value) {
    try {
      if (value === null) this.storage.removeItem(key)
      else this.storage.setItem(key, JSON.stringify(value))
    } catch {
      // Full or forbidden: the text is still on the page.
    }
  }
}

// The words of everybody who used this browser go when they sign out.
export function forget(user, storage = window.localStorage) {
  for (const key of Object.keys(storage)) if (key.startsWith(`parley:${user}:`)) storage.removeItem(key)
}
