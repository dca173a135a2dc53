// What stands in an avatar: the same rule as the server's (accounts/templatetags/looks.py).
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u

export function initials(name) {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? []
  if (!words.length) return "?"
  const [first] = words
  if (WIDE.test(Array.from(first)[0])) return Array.from(first)[0]
  const letters = words.length > 1 ? [Array.from(first)[0], Array.from(words[1])[0]] : Array.from(first).slice(0, 2)
  return letters.join("").toUpperCase()
}
