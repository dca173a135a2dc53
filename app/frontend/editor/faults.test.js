import { expect, it } from "vitest"
import { BotText } from "./bot_text"
import { faultsIn } from "./faults"
import { LanguageSchema } from "./language_schema"

const step = { type: "object", additionalProperties: false, properties: { module: { type: "string" } } }
const schema = new LanguageSchema({
  type: "object",
  additionalProperties: false,
  properties: {
    name: { type: "string" },
    steps: {
      type: "array",
      items: { anyOf: [{ enum: ["Chat"] }, { type: "object", additionalProperties: false, properties: { Chat: step } }] }
    }
  }
})
const faults = text => faultsIn(new BotText(text), schema).map(({ line, message }) => [line, message])

it("says which key is not one, and where", () => {
  expect(faults("name: a\nsteps:\n  - Chat\n  - Chat: {modul: x}\n")).toEqual([[4, "there is no such key as “modul” here"]])
  expect(faults("nmae: a\nsteps: []\n")).toEqual([[1, "there is no such key as “nmae” here"]])
  expect(faults("name: a\nsteps: [{Chat: {module: x}}]\n")).toEqual([])
})

it("says that a text is no YAML, where it breaks", () => {
  const [[line, message]] = faults("name: a\nsteps: [Chat\n")
  expect(line).toBeGreaterThan(1)
  expect(message).toBeTruthy()
})
