import { beforeEach, expect, test } from "vitest"
import { RoomList } from "./room_list"

let list

const entry = (room, kind, unread = 0) => `
  <li><a href="/rooms/${room}/" data-room="${room}" data-kind="${kind}" data-unread="${unread}">
    <span class="room-link__name">${room}</span><span class="room-link__line">before</span>
    <span class="count" ${unread ? "" : "hidden"}>${unread}</span><span class="count-words"></span></a></li>`
const message = (name, html, id = 2) => ({ author: { id, name }, html })
const line = room => list.find(room).querySelector(".room-link__line").textContent

beforeEach(() => {
  document.body.innerHTML = `<ul>${entry("kyoto", "group")}${entry("family", "group", 3)}</ul><ul>${entry("bea", "direct")}</ul>`
  list = new RoomList(document.body)
})

test("a message elsewhere counts, raises its room and shows its words", () => {
  expect(list.posted({ room: "family", message: message("Bea", "see\nyou") }, { me: "1", seen: false })).toBe(true)
  expect(line("family")).toBe("Bea: see you")
  expect(list.find("family").querySelector(".count").textContent).toBe("4")
  expect(document.querySelector("ul li a").dataset.room).toBe("family")
  expect(list.unread).toBe(4)
})

test("one's own messages and those one sees do not count", () => {
  list.posted({ room: "kyoto", message: message("Ada", "hi", 1) }, { me: "1", seen: false })
  list.posted({ room: "bea", message: message("Bea", "hi") }, { me: "1", seen: true })
  expect(list.unread).toBe(3)
  expect(line("kyoto")).toBe("You: hi")
  expect(line("bea")).toBe("hi")
})

test("words are shown as they are read, without marks", () => {
  const html = '<p dir="auto"><strong>Kyoto</strong> in<br>\nMay</p>\n<ul>\n<li>1 &lt; 2</li>\n</ul>\n'
  list.posted({ room: "kyoto", message: message("Bea", html) }, { me: "1" })
  expect(line("kyoto")).toBe("Bea: Kyoto in May 1 < 2")
})

test("what the language of some code is called is not part of it", () => {
  const code = '<div class="code-block"><span class="code-block__language">Python</span><pre><code>go()</code></pre></div>'
  list.posted({ room: "kyoto", message: message("Bea", code) }, { me: "1" })
  expect(line("kyoto")).toBe("Bea: go()")
})

test("a message without words is named by its files", () => {
  list.posted({ room: "kyoto", message: { ...message("Bea", ""), attachments: [{ name: "a.png" }, { name: "b.txt" }] } }, { me: "1" })
  expect(line("kyoto")).toBe("Bea: a.png, b.txt")
})

test("a room it does not know is for the server to add", () => {
  expect(list.posted({ room: "new", message: message("Bea", "hi") }, { me: "1" })).toBe(false)
})

test("reading clears the count", () => {
  list.read("family")
  expect(list.unread).toBe(0)
  expect(list.find("family").querySelector(".count").hidden).toBe(true)
})

test("what came after the place another tab has read up to stays unread", () => {
  list.posted({ room: "family", message: { ...message("Bea", "hi"), position: 9 } }, { me: "1", seen: false })
  list.read("family", 8)
  expect(list.unread).toBe(4)
  list.read("family", 9)
  expect(list.unread).toBe(0)
})

test("a bot at work is shown, and the last words come back", () => {
  list.working("kyoto", "Echo is answering …")
  list.posted({ room: "kyoto", message: message("Bea", "meanwhile") }, { me: "1" })
  expect(line("kyoto")).toBe("Echo is answering …")
  list.rested("kyoto")
  expect(line("kyoto")).toBe("Bea: meanwhile")
})

test("a list that comes anew still shows who is at work", () => {
  list.working("kyoto", "Echo is answering …")
  document.querySelector("ul").innerHTML = entry("kyoto", "group")
  list.current("/rooms/kyoto/")
  expect(line("kyoto")).toBe("Echo is answering …")
  list.rested("kyoto")
  expect(line("kyoto")).toBe("before")
  list.current("/rooms/kyoto/")
  expect(line("kyoto")).toBe("before")
})

test("in a list that comes anew the room one looks at has nothing unread", () => {
  document.querySelector("ul").innerHTML = entry("kyoto", "group", 1) + entry("family", "group", 2)
  list.current("/rooms/kyoto/")
  expect([list.find("kyoto"), list.find("family")].map(link => [link.dataset.unread, link.querySelector(".count").hidden])).toEqual([
    ["0", true],
    ["2", false]
  ])
})

test("the room one is in is marked", () => {
  list.current("/rooms/family/")
  expect(document.querySelectorAll("[aria-current]")).toHaveLength(1)
  expect(list.find("family").getAttribute("aria-current")).toBe("page")
})
