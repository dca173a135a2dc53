// How much a file weighs, as people say it: the same as the server's (chat/templatetags/attachments.py).
export function weight(bytes) {
  if (bytes < 1000) return `${bytes} B`
  for (const [unit, much] of [
    ["kB", 1e3],
    ["MB", 1e6]
  ]) {
    if (bytes < much * 1000) return `${(bytes / much).toFixed(bytes < much * 10 ? 1 : 0)} ${unit}`
  }
  return `${(bytes / 1e9).toFixed(1)} GB`
}
