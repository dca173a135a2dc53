import { ApiError, csrfToken } from "./api"

// One file on its way into a room. fetch cannot tell how far it is, so this is the older kind of request.
const AWAY = "The server cannot be reached. Try it again."
const TIMEOUT = 10 * 60_000

export class Upload {
  #request = new XMLHttpRequest()

  // Resolves to the attachment; rejects with an ApiError, whose words can be shown. `progress` hears a share between 0 and 1.
  send(room, file, progress) {
    const request = this.#request
    return new Promise((resolve, reject) => {
      request.open("POST", `/api/v1/rooms/${room}/attachments`)
      request.timeout = TIMEOUT
      request.setRequestHeader("Accept", "application/json")
      request.setRequestHeader("X-CSRFToken", csrfToken())
      request.upload.onprogress = event => event.lengthComputable && progress(event.loaded / event.total)
      request.onload = () => (request.status === 201 ? resolve(JSON.parse(request.responseText)) : reject(this.#refused()))
      request.onerror = request.ontimeout = request.onabort = () => reject(new ApiError(AWAY))
      const form = new FormData()
      form.append("file", file, file.name)
      request.send(form)
    })
  }

  stop() {
    this.#request.abort()
  }

  #refused() {
    const { status, responseText } = this.#request
    let error = {}
    try {
      error = JSON.parse(responseText).error ?? {}
    } catch {
      // A proxy in front of the server answers in its own way.
    }
    const words = status === 413 ? "This file is too big for the server." : `The server answered ${status}. Try it again in a moment.`
    return new ApiError(error.message ?? words, { status, code: error.code })
  }
}
