import { beforeEach, expect, test } from "vitest"
import { showFace } from "./faces"

beforeEach(() => {
  document.body.innerHTML = `<span class="avatar">x</span>
    <template id="faces-template"><img data-of="echo" src="/bots/echo/picture/echo-1.png" alt=""></template>`
})

const avatar = () => document.querySelector(".avatar")

test("a bot with a picture is shown by it", () => {
  showFace(avatar(), { username: "echo", name: "Echo", is_bot: true })
  expect(avatar().querySelector("img").getAttribute("src")).toBe("/bots/echo/picture/echo-1.png")
  expect(avatar().textContent).toBe("")
  expect(avatar().classList.contains("avatar--bot")).toBe(true)
})

test("whoever has none is shown by the initials, also on a page without pictures", () => {
  showFace(avatar(), { username: "bea", name: "Bea Lang", is_bot: false })
  expect(avatar().textContent).toBe("BL")
  document.getElementById("faces-template").remove()
  showFace(avatar(), { username: "echo", name: "<b>", is_bot: true })
  expect(avatar().innerHTML).toBe("B")
})
