// How many characters a text has, as the server counts them: code points, not halves of them.
export const characters = text => [...text].length

export function countWords(count, changed) {
  const words = `${count} character${count === 1 ? "" : "s"}`
  return changed ? `your ${words}` : `exactly these ${words}`
}
