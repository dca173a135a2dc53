import { visit } from "@hotwired/turbo"
import { csrfToken } from "./api"

const AWAY = "The server cannot be reached. Try again when you are connected."
const SIGN_IN = "/account/login/"

// A part of a page, made by the server: fetched, or the answer to a form. `html` is the part; `words` say what went wrong, else empty.
export async function fragment(url, name, form) {
  const headers = { "Turbo-Frame": name, "X-CSRFToken": csrfToken() }
  let response
  try {
    response = await fetch(url, { method: form ? "POST" : "GET", body: form, headers })
  } catch {
    return { html: "", words: AWAY }
  }
  const html = await response.text()
  if (response.redirected && new URL(response.url).pathname === SIGN_IN) visit(location.href, { action: "replace" })
  if (response.ok) return { html, words: "" }
  // A form that cannot be taken comes back with its problem; a page of a refusal says why.
  if (response.status === 422) return { html, words: "" }
  const page = new DOMParser().parseFromString(html, "text/html")
  const reason = page.querySelector(".entrance__lead")?.textContent.trim()
  return { html: "", words: reason || `The server answered ${response.status}. Try again in a moment.` }
}

export function elementFrom(html) {
  const template = document.createElement("template")
  template.innerHTML = html
  return template.content.firstElementChild
}
