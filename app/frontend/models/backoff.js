// How long to wait before the next try: doubling from half a second to a minute, with up to five seconds of chance,
// so that a server that comes back is not met by everybody at once.
const FIRST = 500
const LONGEST = 60_000
const JITTER = 5_000

export function delay(failures, random = Math.random) {
  if (failures <= 1) return Math.round(random() * FIRST)
  const base = Math.min(FIRST * 2 ** (failures - 1), LONGEST)
  return Math.round(base + random() * Math.min(JITTER, base))
}
