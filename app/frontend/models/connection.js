import { delay } from "./backoff"

// One socket for the whole session. It is only a hint: whoever listens resumes from the seq it has seen.
// A socket that says nothing for a minute is dead, whatever the browser believes.
const PING_EVERY = 25_000
const SILENCE = 60_000
const ENDED = 4001

export class Connection {
  #socket = null
  #failures = 0
  #timer = null
  #pinger = null
  #heard = 0
  #stopped = true

  constructor({
    url,
    open = address => new WebSocket(address),
    onFrame,
    onState,
    onRefused = () => {},
    random = Math.random,
    now = Date.now
  }) {
    Object.assign(this, { url, open, onFrame, onState, onRefused, random, now })
    this.state = "off"
  }

  start() {
    if (!this.#stopped) return
    this.#stopped = false
    this.#connect()
  }

  stop() {
    this.#stopped = true
    this.#drop()
    this.#become("off")
  }

  send(frame) {
    if (this.state !== "on") return false
    this.#socket.send(JSON.stringify(frame))
    return true
  }

  // The network is back, or the page is looked at again: no reason to wait.
  hurry() {
    if (this.#stopped) return
    if (this.state === "on") this.#check()
    else if (this.#timer) this.#connect()
  }

  // The network is gone: no use in waiting for the silence to say so.
  lose() {
    if (!this.#stopped && this.#socket) this.#closed(0)
  }

  #connect() {
    this.#drop()
    const socket = this.open(this.url)
    this.#socket = socket
    this.#heard = this.now()
    this.#pinger = setInterval(() => this.#check(), PING_EVERY)
    socket.onmessage = event => this.#hear(event.data)
    socket.onclose = event => this.#closed(event.code)
  }

  #hear(data) {
    this.#heard = this.now()
    const frame = JSON.parse(data)
    if (frame.type === "hello") {
      this.#failures = 0
      this.#become("on")
    }
    // Browsers hold up the timers of hidden tabs, down to one a minute: too seldom for the server. Its beat is not held up.
    if (frame.type === "seq") this.send({ type: "ping" })
    this.onFrame(frame)
  }

  #check() {
    if (this.now() - this.#heard >= SILENCE) this.#closed(0)
    else if (this.state === "on") this.send({ type: "ping" })
  }

  #closed(code) {
    this.#drop()
    if (this.#stopped) return
    if (code === ENDED) {
      this.#stopped = true
      this.#become("ended")
      return
    }
    this.#failures += 1
    // Not even greeted: the server is away, or does not know us any more.
    if (this.state === "waiting") this.onRefused()
    this.#become("waiting")
    this.#timer = setTimeout(() => this.#connect(), delay(this.#failures, this.random))
  }

  #drop() {
    clearTimeout(this.#timer)
    clearInterval(this.#pinger)
    this.#timer = null
    if (!this.#socket) return
    this.#socket.onmessage = null
    this.#socket.onclose = null
    this.#socket.close()
    this.#socket = null
  }

  #become(state) {
    if (state === this.state) return
    this.state = state
    this.onState(state)
  }
}
