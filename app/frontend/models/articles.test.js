import { beforeEach, expect, test } from "vitest"
import { articleFrom, draftArticle, pendingArticle, stoppedArticle } from "./articles"

beforeEach(() => {
  document.body.innerHTML = `
    <template id="pending-template"><article><time></time><time></time><div data-body></div><ul data-files></ul></article></template>
    <template id="draft-template"><article class="message message--draft" aria-busy="true"><span class="avatar"></span><span data-name></span>
      <span class="activity"><span data-activity></span></span><button class="message__stop"></button><div data-body></div></article></template>`
})

const author = { id: 3, username: "echo", name: "Echo <b>", is_bot: true }

test("a message on its way is rendered as it will be, and every time in it is known", () => {
  const article = pendingArticle({ client_id: "c1", body: "a **bold** word", at: "2026-11-20T09:41:00Z" })
  expect(article.querySelector("strong").textContent).toBe("bold")
  expect([...article.querySelectorAll("time")].map(time => time.dateTime)).toEqual(["2026-11-20T09:41:00Z", "2026-11-20T09:41:00Z"])
})

test("the files of a message on its way are named, and their names are text", () => {
  const attachments = [
    { name: "<b>plan</b>.txt", size: 8 },
    { name: "a.png", size: 1200, preview: "/p", width: 4, height: 3 }
  ]
  const article = pendingArticle({ client_id: "c1", body: "", attachments, at: "2026-11-20T09:41:00Z" })
  expect([...article.querySelectorAll("li")].map(line => line.textContent)).toEqual(["<b>plan</b>.txt8 B", "a.png1.2 kB"])
  expect(article.querySelector("img").getAttribute("src")).toBe("/p")
  expect(article.querySelector("[data-body]").innerHTML).toBe("")
})

test("a draft is named by its author, whose name is text", () => {
  const article = draftArticle({ run: "r1", author })
  expect(article.getAttribute("aria-label")).toBe("Echo <b>")
  expect(article.querySelector("[data-name] b")).toBe(null)
  expect(article.querySelector(".avatar").classList.contains("avatar--bot")).toBe(true)
})

test("a draft of a reply that is made again knows whose place it takes", () => {
  expect(draftArticle({ run: "r1", author, position: 4 }).dataset.instead).toBe("4")
  expect(draftArticle({ run: "r1", author, position: null }).dataset.instead).toBe(undefined)
})

test("what was stopped keeps its words and its place, and can no longer be stopped", () => {
  const draft = draftArticle({ run: "r1", author })
  draft.querySelector("[data-body]").textContent = "half a"
  const article = stoppedArticle(draft, 7)
  expect(article.dataset.position).toBe("7")
  expect(article.hasAttribute("aria-busy")).toBe(false)
  expect(article.textContent).toContain("stopped, not kept")
  expect(article.textContent).toContain("half a")
  expect(article.querySelector("button")).toBe(null)
})

test("an article comes out of what the server rendered", () => {
  expect(articleFrom("\n<article id='m1'>hi</article>\n").id).toBe("m1")
})
