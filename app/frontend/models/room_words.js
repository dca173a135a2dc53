import { request } from "./api"

// Who can be mentioned in a room and what commands it knows, asked once each.
export class RoomWords {
  #known = new Map()

  constructor(room) {
    this.room = room
  }

  async members(query) {
    const { members } = await this.#ask(`members?search=${encodeURIComponent(query)}`)
    return members.filter(member => String(member.id) !== document.body.dataset.user)
  }

  async commands() {
    return (await this.#ask("commands")).commands
  }

  // Somebody has come or gone.
  forget() {
    this.#known.clear()
  }

  async #ask(what) {
    if (!this.#known.has(what)) this.#known.set(what, await request("GET", `rooms/${this.room}/${what}`))
    return this.#known.get(what)
  }
}
