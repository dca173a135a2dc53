import { describe, expect, it } from "vitest"
import { placeAt, siblingsAt } from "./place"

// The cursor is where the bar is.
const at = text => placeAt(text.replace("|", ""), text.indexOf("|"))
const FILE = "name: hello\npersona:\n  title: A\nsteps:\n"

describe("where a position is", () => {
  it.each([
    ["na|", [], "key", "na"],
    ["name: he|", ["name"], "value", "he"],
    ["attend:\n  wh|", ["attend"], "key", "wh"],
    ["attend:\n  when: men|", ["attend", "when"], "value", "men"],
    ["attend:\n  users:\n    black|", ["attend", "users"], "key", "black"],
    ["attend:\n  when: always\ntim|", [], "key", "tim"],
    [`${FILE}  - Ch|`, ["steps", 0], "item", "Ch"],
    [`${FILE}- Ch|`, ["steps", 0], "item", "Ch"],
    [`${FILE}  - Chat\n  - Re|`, ["steps", 0], "item", "Re"],
    [`${FILE}  - Chat:\n      mod|`, ["steps", 0, "Chat"], "key", "mod"],
    [`${FILE}- Chat:\n    mod|`, ["steps", 0, "Chat"], "key", "mod"],
    [`${FILE}  - Chat: {mod|`, ["steps", 0, "Chat"], "key", "mod"],
    [`${FILE}  - Chat: {module: Ech|`, ["steps", 0, "Chat", "module"], "value", "Ech"],
    [`${FILE}  - Chat: {module: EchoBot, mo|`, ["steps", 0, "Chat"], "key", "mo"],
    [`${FILE}  - Chat: {a: "x, {y", mo|`, ["steps", 0, "Chat"], "key", "mo"],
    [`${FILE}  - class: Chat\n    config:\n      mod|`, ["steps", 0, "config"], "key", "mod"],
    ["attend: {users: {black|", ["attend", "users"], "key", "black"],
    ["attend:\n  admins: [lu|", ["attend", "admins", 0], "item", "lu"],
    ["tests:\n  - say: hi\n    expect: {con|", ["tests", 0, "expect"], "key", "con"],
    ["tests:\n  - say: hi\n    exp|", ["tests", 0], "key", "exp"]
  ])("%j", (text, path, kind, word) => {
    const found = at(text)
    expect([found.path, found.word]).toEqual([path, word])
    // What may begin an entry of a list is a key of it as well.
    expect(kind === "key" && path.at(-1) === 0 ? "item" : kind).toBe(found.kind)
  })

  it("is nowhere in a comment", () => {
    expect(at("# na|")).toBeNull()
    expect(at("name: a # wh|")).toBeNull()
  })

  it("knows the keys of the same map", () => {
    const text = "name: a\npersona:\n  title: A\n  \n  about: B\nsteps: []\n"
    expect([...siblingsAt(text, text.indexOf("  \n") + 2)]).toEqual(["title", "about"])
    const steps = "steps:\n  - Chat:\n      module: A\n      \n  - Reply:\n      to: b\n"
    expect([...siblingsAt(steps, steps.indexOf("      \n") + 6)]).toEqual(["module"])
  })
})
