import { csrfToken } from "./api"

// In characters, which are fewer than bytes: the server looks closer. But what is far too much it refuses without words.
const LONGEST = 64 * 1024
const TOO_LONG = { error: { code: "too_long", message: "A bot file may have 65,536 bytes. This text is longer." } }
const AWAY = "The server cannot be reached. Your text is kept here."

// What the editor of a bot asks the server. `base` is the page's address: /bots/new/ or /bots/<name>/edit/.
export class Workshop {
  constructor(base) {
    this.base = base
  }

  schema() {
    return answered(fetch("/bots/schema/", { credentials: "same-origin" }))
  }

  // Each answer is {status, ...}: what cannot be done is an answer too, and its `error.message` is for the person.
  check(yaml) {
    return answered(this.#post("check/", { yaml }))
  }

  cases(yaml) {
    return answered(this.#post("cases/", { yaml }))
  }

  save(yaml, base, seen) {
    return answered(this.#post("save/", { yaml, base, seen }))
  }

  // Tries the bot: `told` hears each line, the last of which has an outcome. `said` is the conversation as `messages`, or the fields of a
  // card that was answered. `signal` ends it.
  async trial(yaml, said, told, signal) {
    let response
    try {
      response = await this.#post("trial/", { yaml, ...said }, signal)
      if (!response.ok) return told(ended(await read(response)))
      await eachLine(response, told)
    } catch (error) {
      if (error.name !== "AbortError") told(ended({ error: { message: AWAY } }))
    }
  }

  async #post(what, fields, signal) {
    if (fields.yaml.length > LONGEST) return new Response(JSON.stringify(TOO_LONG), { status: 413 })
    return fetch(this.base + what, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
      body: new URLSearchParams(fields),
      credentials: "same-origin",
      signal
    })
  }
}

const ended = ({ error }) => ({ outcome: "failed", refused: true, explanation: error?.message ?? AWAY, replies: [], steps: [] })

async function answered(sent) {
  try {
    return await read(await sent)
  } catch {
    return { status: 0, error: { code: "away", message: AWAY } }
  }
}

async function read(response) {
  const signedOut = response.redirected && new URL(response.url).pathname.startsWith("/account/login/")
  if (signedOut)
    return { status: 401, error: { code: "signed_out", message: "You are signed out. Your text is kept here: sign in and come back." } }
  const said = await response.json().catch(() => null)
  return said ? { ...said, status: said.error ? response.status : 200, state: said.status } : unreadable(response)
}

const unreadable = ({ status }) => ({
  status,
  error: { code: "unreadable", message: `The server answered ${status}. Try again in a moment.` }
})

async function eachLine(response, told) {
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let rest = ""
  for (;;) {
    const { value, done } = await reader.read()
    const lines = (rest + decoder.decode(value, { stream: !done })).split("\n")
    rest = lines.pop()
    for (const line of lines) if (line) told(JSON.parse(line))
    if (done) return
  }
}
