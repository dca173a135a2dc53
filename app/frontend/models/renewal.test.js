import { beforeEach, describe, expect, it } from "vitest"
import { renew } from "./renewal"

const WHAT = { parts: ["head"], list: "rows" }
const row = (id, state, inside = "") =>
  `<div id="${id}" data-state="${state}"><details><summary>${state}</summary>${inside}</details></div>`
const page = (head, ...rows) => `<div id="head" data-state="${head}"><button>${head}</button></div><div id="rows">${rows.join("")}</div>`
const parsed = html => new DOMParser().parseFromString(html, "text/html")

describe("an open page that is renewed", () => {
  beforeEach(() => {
    document.body.innerHTML = page("at work", row("step-0", "done"), row("step-1", "now"))
  })

  it("leaves what stayed the same as it is, open and with its focus", () => {
    const first = document.getElementById("step-0")
    first.querySelector("details").open = true
    document.querySelector("#head button").focus()
    renew(document, parsed(page("at work", row("step-0", "done"), row("step-1", "done"))), WHAT)
    expect(document.getElementById("step-0")).toBe(first)
    expect(first.querySelector("details").open).toBe(true)
    expect(document.activeElement.textContent).toBe("at work")
  })

  it("takes over what changed and keeps it open", () => {
    document.querySelector("#step-1 details").open = true
    renew(document, parsed(page("over", row("step-0", "done"), row("step-1", "failed"))), WHAT)
    expect(document.querySelector("#step-1 summary").textContent).toBe("failed")
    expect(document.querySelector("#step-1 details").open).toBe(true)
    expect(document.getElementById("head").textContent).toBe("over")
  })

  it("adds rows that came, and drops those that went", () => {
    renew(document, parsed(page("at work", row("step-1", "now"), row("step-2", "next"))), WHAT)
    expect([...document.getElementById("rows").children].map(each => each.id)).toEqual(["step-1", "step-2"])
  })

  it("stays as it is when the answer is another page", () => {
    renew(document, parsed(`<div id="rows">${row("step-0", "done")}${row("step-1", "now")}</div>`), WHAT)
    expect(document.getElementById("head").textContent).toBe("at work")
  })
})
