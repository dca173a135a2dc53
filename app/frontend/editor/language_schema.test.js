import { describe, expect, it } from "vitest"
import { LanguageSchema } from "./language_schema"

const schema = new LanguageSchema({
  $defs: {
    Attend: {
      type: "object",
      additionalProperties: false,
      properties: { when: { enum: ["mentioned", "always"], default: "mentioned", description: "When it answers" } }
    },
    ChatSettings: {
      type: "object",
      additionalProperties: false,
      properties: { module: { anyOf: [{ type: "string" }, { type: "null" }] }, stream: { type: "boolean" } }
    }
  },
  type: "object",
  additionalProperties: false,
  properties: {
    name: { type: "string" },
    attend: { $ref: "#/$defs/Attend" },
    steps: {
      type: "array",
      items: {
        anyOf: [
          { enum: ["Chat", "Reply"] },
          {
            type: "object",
            additionalProperties: false,
            properties: { Chat: { anyOf: [{ type: "null" }, { $ref: "#/$defs/ChatSettings" }] } },
            patternProperties: { "^(?!(?:Chat)$)[A-Z]": { type: ["object", "null"] } }
          }
        ]
      }
    }
  }
})

describe("the language of bot files", () => {
  it("knows the keys of a place", () => {
    expect(schema.keysAt([]).map(key => key.name)).toEqual(["name", "attend", "steps"])
    expect(schema.keysAt(["attend"])).toEqual([{ name: "when", description: "When it answers", type: "" }])
    expect(schema.keysAt(["steps", 0, "Chat"]).map(key => key.name)).toEqual(["module", "stream"])
    expect(schema.keysAt(["steps", 0]).map(key => key.name)).toEqual(["Chat"])
    expect(schema.keysAt(["nowhere"])).toEqual([])
  })

  it("knows the words that may stand as a value", () => {
    expect(schema.valuesAt(["attend", "when"])).toEqual(["mentioned", "always"])
    expect(schema.valuesAt(["steps", 0])).toEqual(["Chat", "Reply"])
    expect(schema.valuesAt(["steps", 0, "Chat", "stream"])).toEqual(["true", "false"])
  })

  it("says what a key is", () => {
    expect(schema.about(["attend", "when"])).toMatchObject({
      description: "When it answers",
      values: ["mentioned", "always"],
      default: "mentioned"
    })
    expect(schema.about(["steps", 0, "Chat", "module"])).toMatchObject({ type: "text", default: "" })
    expect(schema.about(["nonsense"])).toBeNull()
  })

  it("tells a wrong key from one of somebody's own", () => {
    expect(schema.allows([], "nmae")).toBe(false)
    expect(schema.allows(["steps", 0, "Chat"], "modle")).toBe(false)
    expect(schema.allows(["steps", 0], "MyStep")).toBe(true)
    expect(schema.allows(["steps", 0, "MyStep"], "anything")).toBe(true)
  })
})
