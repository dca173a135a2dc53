import { initials } from "./initials"
import { rendered } from "./markdown"

// Articles the browser makes itself, from the templates of the page: what is on its way, and what a bot is writing.
const clone = id => document.getElementById(id).content.firstElementChild.cloneNode(true)

export function pendingArticle({ client_id, body, at }) {
  const article = clone("pending-template")
  article.id = `pending-${client_id}`
  Object.assign(article.dataset, { clientId: client_id, createdAt: at })
  for (const time of article.querySelectorAll("time")) time.dateTime = at
  article.querySelector("[data-body]").innerHTML = rendered(body)
  return article
}

export function draftArticle({ run, author }, now = new Date()) {
  const article = clone("draft-template")
  article.id = `draft-${run}`
  article.setAttribute("aria-label", author.name)
  Object.assign(article.dataset, { author: author.id, run, createdAt: now.toISOString() })
  article.querySelector("[data-name]").textContent = author.name
  const avatar = article.querySelector(".avatar")
  avatar.textContent = initials(author.name)
  avatar.classList.toggle("avatar--bot", author.is_bot)
  return article
}

export function articleFrom(html) {
  const template = document.createElement("template")
  template.innerHTML = html
  return template.content.querySelector("article")
}
