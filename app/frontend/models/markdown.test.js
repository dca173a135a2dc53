import { describe, expect, test } from "vitest"
import { rendered } from "./markdown"

function dom(text) {
  const box = document.createElement("div")
  box.innerHTML = rendered(text)
  return box
}

test("it renders what chat people write", () => {
  const box = dom("**bold** ~~gone~~ `code`\nnext line\n\n- [x] done\n\n| a | b |\n|---|:-:|\n| 1 | 2 |")
  expect(box.querySelector("strong").textContent).toBe("bold")
  expect(box.querySelector("s, del").textContent).toBe("gone")
  expect(box.querySelector("br")).not.toBe(null)
  expect(box.querySelector("li.task-item .task").getAttribute("aria-label")).toBe("done")
  expect(box.querySelector("td[align=center]").textContent).toBe("2")
})

test("half a code block, as it stands in the middle of a stream, is a code block", () => {
  expect(dom("```python\nprint(1").querySelector("pre code").textContent).toBe("print(1")
})

test("headings begin below the page's own, without gaps", () => {
  const box = dom("# one\n\n#### four\n\n# one")
  expect([...box.children].map(node => `${node.tagName} ${node.className}`)).toEqual(["H2 heading-1", "H3 heading-4", "H2 heading-1"])
})

test("W2: a picture from elsewhere is a link, never loaded", () => {
  const box = dom("![secret](https://evil.example/?q=words)")
  expect(box.querySelector("img")).toBe(null)
  expect(box.querySelector("a").href).toBe("https://evil.example/?q=words")
})

describe("W1: what could run is rendered inert", () => {
  const attacks = [
    "[x](javascript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x]: javascript:alert(1)\n\n[x]",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:msgbox)",
    "[x](//evil.example)",
    "<svg onload=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "![x](x 'onerror=alert(1)')",
    "`` `<script>alert(1)</script>` ``",
    "<a href='x' style='position:fixed'>x</a>",
    "| a |\n|:-:|\n| <b style=color:red>x</b> |"
  ]
  test.each(attacks)("%s", attack => {
    const box = dom(attack)
    expect(box.querySelector("script, svg, math, img, style, iframe, form")).toBe(null)
    for (const node of box.querySelectorAll("*")) {
      for (const { name } of node.attributes) expect(name).not.toMatch(/^on|^style$/)
      if (node.hasAttribute("href")) expect(node.getAttribute("href")).toMatch(/^(https?:|mailto:|\/(?!\/)|#)/)
    }
  })
})
