import { expect, test } from "vitest"
import { showGrowing } from "./live_text"

test("blocks that were read keep their nodes while the text grows", () => {
  const box = document.createElement("div")
  showGrowing(box, "one\n\ntw")
  const [one, two] = box.children
  showGrowing(box, "one\n\ntwo\n\nthree")
  expect(box.children[0]).toBe(one)
  expect(box.children[1]).not.toBe(two)
  expect(box.textContent.replace(/\s+/g, " ").trim()).toBe("onetwothree")
})

test("text that starts anew leaves nothing of the old", () => {
  const box = document.createElement("div")
  showGrowing(box, "one\n\ntwo")
  showGrowing(box, "")
  expect(box.children).toHaveLength(0)
})
