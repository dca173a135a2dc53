import { ApiError, request } from "./api"

// Posts the messages of one room, one after the other, so that they are stored in the order they were written. It goes on when the
// reader has left the room: what was sent is sent.
export class Sender {
  #line = Promise.resolve()

  // The client_id that is on its way just now.
  out = null

  constructor(room) {
    this.room = room
  }

  // Tells {id} when it is stored, or {state: "unsent", words}. What nobody wants any more when its turn comes is not sent.
  send(message, { wanted, tell }) {
    this.#line = this.#line.then(() => (wanted() ? this.#post(message, tell) : null))
    return this.#line
  }

  async #post({ client_id, body, attachments = [] }, tell) {
    this.out = client_id
    try {
      const { id } = await request("POST", `rooms/${this.room}/messages`, { body, client_id, attachments: attachments.map(({ id }) => id) })
      tell({ id })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      tell({ state: "unsent", words: error.message })
    } finally {
      this.out = null
    }
  }
}
