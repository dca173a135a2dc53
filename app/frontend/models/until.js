const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

// "expires in 23 h": the largest whole unit that is left.
export function untilWords(at, now = Date.now()) {
  const left = Date.parse(at) - now
  if (left <= 0) return "expired"
  if (left < MINUTE) return "expires in less than a minute"
  if (left < HOUR) return `expires in ${Math.floor(left / MINUTE)} min`
  if (left < 2 * DAY) return `expires in ${Math.floor(left / HOUR)} h`
  return `expires in ${Math.floor(left / DAY)} days`
}
