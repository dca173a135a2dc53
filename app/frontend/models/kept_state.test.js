import { afterEach, expect, test } from "vitest"
import { drop, isOpen, keep, kept, refocus, setOpen } from "./kept_state"

afterEach(() => {
  document.body.innerHTML = ""
})

function form() {
  const element = document.createElement("form")
  element.innerHTML = "<textarea></textarea><input>"
  document.body.append(element)
  return element
}

test("what is open is remembered until it is closed", () => {
  setOpen("m", true)
  expect(isOpen("m")).toBe(true)
  setOpen("m", false)
  expect(isOpen("m")).toBe(false)
})

test("a form is the same element again, with its words and its focus", async () => {
  const element = form()
  keep("correction m", element)
  const box = element.querySelector("textarea")
  box.focus()
  box.value = "half a sentence"
  element.remove()
  await Promise.resolve()
  document.body.append(kept("correction m"))
  refocus(kept("correction m"))
  expect(document.activeElement).toBe(box)
  expect(document.activeElement.value).toBe("half a sentence")
})

test("a field that the reader has left does not take the focus back", async () => {
  const element = form()
  keep("correction n", element)
  element.querySelector("textarea").focus()
  element.querySelector("textarea").blur()
  await Promise.resolve()
  refocus(element)
  expect(document.activeElement).toBe(document.body)
})

test("what is dropped leaves the page", () => {
  keep("feedback m", form())
  drop("feedback m")
  expect(kept("feedback m")).toBeUndefined()
  expect(document.querySelector("form")).toBeNull()
})
