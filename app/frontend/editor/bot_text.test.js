import { describe, expect, it } from "vitest"
import { BotText } from "./bot_text"

const TEXT = `# What it is
name: hello # its name
persona: {title: Hello, about: "Says hello"} # who
attend:
  # in groups
  when: mentioned   # or always
steps:
  - Chat
  - Reply
`
const changed = (path, value, text = TEXT) => new BotText(text).with(path, value)

describe("a change by the form", () => {
  it("touches the one value", () => {
    expect(changed(["attend", "when"], "always")).toBe(TEXT.replace("when: mentioned ", "when: always "))
    expect(changed(["persona", "title"], "Hi there")).toBe(TEXT.replace("title: Hello", "title: Hi there"))
    expect(changed(["name"], "hallo")).toBe(TEXT.replace("name: hello", "name: hallo"))
  })

  it("adds a key to what is there", () => {
    expect(changed(["persona", "greeting"], "Hi, you")).toBe(TEXT.replace('hello"}', 'hello", greeting: "Hi, you"}'))
    expect(changed(["attend", "context"], 8)).toBe(TEXT.replace("always\n", "always\n  context: 8\n"))
  })

  it("adds a part behind those that stand before it", () => {
    expect(changed(["permissions", "services"], true)).toBe(TEXT.replace("# who\n", "# who\npermissions:\n  services: true\n"))
    expect(changed(["timezone"], "Europe/Berlin")).toBe(TEXT.replace("# who\n", "# who\ntimezone: Europe/Berlin\n"))
    expect(changed(["name"], "hello", "steps: [Chat]\n")).toBe("name: hello\nsteps: [Chat]\n")
    expect(changed(["persona", "title"], "Hi", "name: hello")).toBe("name: hello\npersona:\n  title: Hi\n")
  })

  it("takes out what is emptied, and a part that holds nothing more", () => {
    expect(changed(["persona", "about"], "")).toBe(TEXT.replace(', about: "Says hello"', ""))
    expect(changed(["persona", "title"], "")).toBe(TEXT.replace("title: Hello, ", ""))
    expect(changed(["attend", "when"], "")).not.toContain("attend")
    expect(changed(["timezone"], "")).toBe(TEXT)
  })

  it("quotes what YAML would read as something else", () => {
    for (const value of ["yes: no", "# no comment", "two\nlines", "{x}", "12", "true", "- a"]) {
      for (const path of [["persona", "title"], ["attend", "note"], ["timezone"]]) {
        expect(new BotText(changed(path, value)).get(path)).toBe(value)
      }
    }
  })

  it("replaces a text of several lines", () => {
    const block = "name: a\npersona:\n  about: |\n    One\n    two\n  title: A\nsteps: [Chat]\n"
    expect(changed(["persona", "about"], "One", block)).toBe("name: a\npersona:\n  about: One\n  title: A\nsteps: [Chat]\n")
  })

  it("leaves alone what is no map, or no YAML", () => {
    expect(changed(["persona", "title"], "x", "persona: [a]\n")).toBe("persona: [a]\n")
    expect(changed(["name"], "x", "name: [a\n")).toBe("name: [a\n")
    expect(new BotText("name: [a\n").faults[0].message).toMatch(/flow/i)
  })

  it("fills a part that is there and empty", () => {
    expect(changed(["persona", "title"], "A", "name: a\npersona:\nsteps: [Chat]\n")).toBe("name: a\npersona:\n  title: A\nsteps: [Chat]\n")
  })
})
