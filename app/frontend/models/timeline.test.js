import { beforeEach, describe, expect, test } from "vitest"
import { Timeline } from "./timeline"

let list, timeline

function article(id, { position = "", author = "1", at = "2026-11-20T09:41:00Z", kind = "" } = {}) {
  const node = document.createElement("article")
  node.id = id
  node.className = kind ? `message message--${kind}` : "message"
  Object.assign(node.dataset, { author, createdAt: at })
  if (position) node.dataset.position = position
  node.innerHTML = `<time datetime="${at}" data-clock></time>`
  return node
}

const shape = () => [...list.children].map(node => (node.matches(".day") ? node.textContent : node.id))
const following = () => timeline.articles.filter(node => node.matches(".message--follows")).map(node => node.id)

beforeEach(() => {
  document.body.innerHTML = "<div></div>"
  list = document.body.firstElementChild
  timeline = new Timeline(list, "UTC")
})

test("P3: messages stand by position, however they come", () => {
  for (const position of [3, 1, 2]) timeline.place(article(`m${position}`, { position, author: String(position) }))
  expect(shape()).toEqual(["Friday 20 November", "m1", "m2", "m3"])
})

test("the same message again replaces what is there", () => {
  timeline.place(article("m1", { position: 1 }))
  const edited = article("m1", { position: 1 })
  timeline.place(edited)
  expect(timeline.articles).toEqual([edited])
})

test("a stored message goes before what is not stored yet", () => {
  timeline.append(article("draft", { author: "9", kind: "draft" }))
  timeline.place(article("m1", { position: 1 }))
  expect(shape()).toEqual(["Friday 20 November", "m1", "draft"])
})

test("a day line stands where the reader's day turns", () => {
  timeline = new Timeline(list, "Asia/Tokyo")
  timeline.place(article("m1", { position: 1, at: "2026-11-20T14:59:00Z" }))
  timeline.place(article("m2", { position: 2, at: "2026-11-20T15:01:00Z" }))
  expect(shape()).toEqual(["Friday 20 November", "m1", "Saturday 21 November", "m2"])
  expect(list.querySelector("#m2 time").textContent).toBe("00:01")
})

test("messages of one author within five minutes are joined, others are not", () => {
  timeline.place(article("m1", { position: 1 }))
  timeline.place(article("m2", { position: 2, at: "2026-11-20T09:43:00Z" }))
  timeline.place(article("m3", { position: 3, at: "2026-11-20T09:49:00Z" }))
  timeline.place(article("m4", { position: 4, at: "2026-11-20T09:49:30Z", author: "2" }))
  expect(following()).toEqual(["m2"])
})

test("a message that comes late between two parts what it stands between", () => {
  timeline.place(article("m1", { position: 1 }))
  timeline.place(article("m3", { position: 3 }))
  expect(following()).toEqual(["m3"])
  timeline.place(article("m2", { position: 2, author: "2" }))
  expect(following()).toEqual([])
})

test("a failure and a draft keep their head", () => {
  timeline.place(article("m1", { position: 1, author: "9" }))
  timeline.place(article("m2", { position: 2, author: "9", kind: "failure" }))
  timeline.append(article("draft", { author: "9", kind: "draft" }))
  expect(following()).toEqual([])
})

test("removing the last message of a day takes its line along", () => {
  timeline.place(article("m1", { position: 1, at: "2026-11-19T09:00:00Z" }))
  const last = timeline.place(article("m2", { position: 2 }))
  timeline.remove(last)
  expect(shape()).toEqual(["Thursday 19 November", "m1"])
})

test("older messages come to the top without a doubled day line", () => {
  timeline.place(article("m5", { position: 5 }))
  const day = document.createElement("div")
  day.className = "day"
  day.dataset.day = "2026-11-20"
  day.textContent = "Friday 20 November"
  timeline.prepend([day, article("m4", { position: 4 })])
  expect(shape()).toEqual(["Friday 20 November", "m4", "m5"])
  expect(following()).toEqual(["m5"])
})

test("another version of a message takes its place", () => {
  for (const position of [1, 2, 3]) timeline.place(article(`m${position}`, { position }))
  timeline.place(article("m2-again", { position: 2 }))
  expect(shape()).toEqual(["Friday 20 November", "m1", "m2-again", "m3"])
})

test("in another branch other messages stand, what is not stored stays, and what came meanwhile too", () => {
  for (const position of [1, 2, 3]) timeline.place(article(`m${position}`, { position }))
  timeline.append(article("draft", { author: "9", kind: "draft" }))
  const known = new Set(timeline.articles)
  timeline.place(article("m9", { position: 9 }))
  timeline.renew(known, [article("m1", { position: 1 }), article("b4", { position: 4 })])
  expect(shape()).toEqual(["Friday 20 November", "m1", "b4", "m9", "draft"])
})

test("what came meanwhile and is in the answer too is shown once", () => {
  timeline.place(article("m1", { position: 1 }))
  const known = new Set(timeline.articles)
  timeline.place(article("m2", { position: 2 }))
  timeline.renew(known, [article("m1", { position: 1 }), article("m2", { position: 2 })])
  expect(shape()).toEqual(["Friday 20 November", "m1", "m2"])
})

test("what is being written in a branch that is left is not shown until that branch is", () => {
  timeline.place(article("m1", { position: 1 }))
  timeline.place(article("m2", { position: 2 }))
  const draft = timeline.append(article("draft", { author: "9", kind: "draft" }))
  timeline.renew(new Set(timeline.articles), [article("other1", { position: 1 })])
  expect(draft.hidden).toBe(true)
  timeline.renew(new Set(timeline.articles), [article("m1", { position: 1 }), article("m2", { position: 2 })])
  expect(draft.hidden).toBe(false)
})

test("what has begun to be written while the other branch was fetched belongs to that", () => {
  timeline.place(article("m1", { position: 1 }))
  const known = new Set(timeline.articles)
  const draft = timeline.append(article("draft", { author: "9", kind: "draft" }))
  timeline.renew(known, [article("other1", { position: 1 })])
  expect(draft.hidden).toBe(false)
  timeline.renew(new Set(timeline.articles), [article("m1", { position: 1 })])
  expect(draft.hidden).toBe(true)
})

describe("text for the place of a reply that is made again", () => {
  function standIn(position, run = "again") {
    const node = article("draft", { author: "9", kind: "draft", at: "2026-11-21T09:00:00Z" })
    Object.assign(node.dataset, { instead: position, run })
    return node
  }

  const reply = (id, run, at) => {
    const node = article(id, { position: 2, author: "9", at })
    node.insertAdjacentHTML("beforeend", `<div data-strip-run-value="${run}"></div>`)
    return node
  }

  beforeEach(() => {
    timeline.place(article("m1", { position: 1 }))
    timeline.place(reply("m2", "first"))
    timeline.place(article("m3", { position: 3, author: "9" }))
  })

  test("it stands behind the old reply, in its day, and parts what was joined; gone, all is as it was", () => {
    expect(following()).toEqual(["m3"])
    const draft = timeline.append(standIn(2))
    expect(shape()).toEqual(["Friday 20 November", "m1", "m2", "draft", "m3"])
    expect(following()).toEqual([])
    timeline.remove(draft)
    expect(shape()).toEqual(["Friday 20 November", "m1", "m2", "m3"])
    expect(following()).toEqual(["m3"])
  })

  test("what comes meanwhile comes at the end, and another version of the old reply before it", () => {
    timeline.append(standIn(2))
    timeline.place(article("m4", { position: 4 }))
    timeline.place(reply("other", "second"))
    expect(shape()).toEqual(["Friday 20 November", "m1", "other", "draft", "m3", "m4"])
  })

  test("where its place is not shown it waits, through another branch and back, and until older messages come", () => {
    timeline = new Timeline(list, "UTC")
    list.replaceChildren()
    timeline.place(article("m3", { position: 3, author: "9" }))
    timeline.append(standIn(2))
    expect(shape()).toEqual(["Friday 20 November", "m3"])
    timeline.prepend([reply("m2", "first")])
    expect(shape()).toEqual(["m2", "draft", "m3"])

    timeline.renew(new Set(timeline.articles), [article("m1", { position: 1 })])
    expect(shape()).toEqual(["Friday 20 November", "m1"])
    timeline.renew(new Set(timeline.articles), [reply("m2", "first"), article("m3", { position: 3 })])
    expect(shape()).toEqual(["Friday 20 November", "m2", "draft", "m3"])
  })

  test("what its run says after its first words comes at the end", () => {
    timeline.place(reply("new", "again"))
    timeline.append(standIn(2))
    expect(shape().at(-1)).toBe("draft")
    timeline.place(article("m4", { position: 4, at: "2026-11-21T08:00:00Z" }))
    expect(shape().slice(-2)).toEqual(["m4", "draft"])
  })
})
