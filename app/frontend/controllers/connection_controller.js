import { Controller } from "@hotwired/stimulus"
import { visit } from "@hotwired/turbo"
import { request } from "../models/api"
import { Connection } from "../models/connection"

// Sits on <html>, which outlives every page: one socket for all of them. What it hears goes out as parley:frame.
export default class extends Controller {
  #connection

  connect() {
    const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`
    this.#connection = new Connection({
      url,
      onFrame: frame => this.#tell("frame", frame),
      onState: state => this.#become(state),
      onRefused: () => this.#ask()
    })
    this.visit()
  }

  disconnect() {
    this.#connection.stop()
  }

  // Every page says whether somebody is signed in.
  visit() {
    if (document.body.dataset.user) this.#connection.start()
    else this.#connection.stop()
  }

  send({ detail }) {
    this.#connection.send(detail)
  }

  hurry() {
    if (!document.hidden) this.#connection.hurry()
  }

  lose() {
    this.#connection.lose()
  }

  #become(state) {
    document.documentElement.dataset.connection = state
    this.#tell("state", state)
    if (state === "ended") visit(location.href, { action: "replace" })
  }

  // A browser does not say why a socket was refused. A session that has ended leads to the sign-in.
  async #ask() {
    const error = await request("GET", "users").catch(error => error)
    if (error.status === 401) this.#become("ended")
  }

  #tell(name, detail) {
    document.dispatchEvent(new CustomEvent(`parley:${name}`, { detail }))
  }
}
