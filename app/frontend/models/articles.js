import { showFace } from "./faces"
import { showGrowing } from "./live_text"
import { rendered } from "./markdown"
import { showFiles } from "./pending_files"

// Articles the browser makes itself, from the templates of the page: what is on its way, and what a bot is writing.
const clone = id => document.getElementById(id).content.firstElementChild.cloneNode(true)

export function pendingArticle({ client_id, body, attachments = [], at }) {
  const article = clone("pending-template")
  article.id = `pending-${client_id}`
  Object.assign(article.dataset, { clientId: client_id, createdAt: at })
  for (const time of article.querySelectorAll("time")) time.dateTime = at
  article.querySelector("[data-body]").innerHTML = rendered(body)
  showFiles(article.querySelector("[data-files]"), attachments)
  return article
}

// "sending", "unsent" with the reason, or "stored": then the stored message will take its place.
export function markPending(article, state, words) {
  article.classList.toggle("message--sending", state === "sending")
  article.classList.toggle("message--unsent", state === "unsent")
  article.querySelector("[data-sending]").hidden = state !== "sending"
  article.querySelector("[data-unsent]").hidden = state !== "unsent"
  article.querySelector("[data-words]").textContent = words
}

export function draftArticle({ run, author, step, position }, now = new Date()) {
  const article = clone("draft-template")
  article.id = `draft-${run}`
  article.setAttribute("aria-label", author.name)
  Object.assign(article.dataset, { author: author.id, run, step: step ?? "", createdAt: now.toISOString() })
  if (position) article.dataset.instead = position
  article.querySelector("[data-name]").textContent = author.name
  showFace(article.querySelector(".avatar"), author)
  return article
}

export function showDraft(article, { text, activity }) {
  showGrowing(article.querySelector("[data-body]"), text)
  article.querySelector("[data-activity]").textContent = activity || "answering"
}

// It keeps its place: later messages come after it.
export function stoppedArticle(draft, seq) {
  const article = draft.cloneNode(true)
  article.removeAttribute("aria-busy")
  article.classList.replace("message--draft", "message--stopped")
  article.dataset.position = seq
  article.querySelector(".activity").textContent = "stopped, not kept"
  article.querySelector(".message__stop").remove()
  const strip = article.querySelector(".strip")
  strip?.classList.replace("strip--live", "strip--stopped")
  strip?.setAttribute("data-strip-live-value", "false")
  return article
}

export function mentionOption({ username, name, is_bot }, place) {
  const option = clone("mention-template")
  option.id = `mention-${place}`
  option.dataset.word = `@${username}`
  showFace(option.querySelector(".avatar"), { username, name, is_bot })
  option.querySelector("b").textContent = name
  option.querySelector("small").textContent = `@${username}`
  return option
}

export function commandOption({ name, about, bots }, place) {
  const option = clone("command-template")
  option.id = `command-${place}`
  option.dataset.word = `/${name}`
  option.querySelector("b").textContent = `/${name}`
  option.querySelector("small").textContent = [about, bots.map(bot => `@${bot}`).join(" ")].filter(Boolean).join(" · ")
  return option
}

export function articleFrom(html) {
  const template = document.createElement("template")
  template.innerHTML = html
  return template.content.querySelector("article")
}
