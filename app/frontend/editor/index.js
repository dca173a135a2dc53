// Everything that only the editor's page needs, in a bundle of its own.
export { BotText } from "./bot_text"
export { CodeEditor, showDifference } from "./code_editor"
export { faultsIn } from "./faults"
export { LanguageSchema } from "./language_schema"
