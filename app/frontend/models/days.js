// Days and times in the reader's zone, worded as the server words them.
const cache = new Map()

function format(zone, options) {
  const key = zone + JSON.stringify(options)
  if (!cache.has(key)) cache.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }))
  return cache.get(key)
}

export const clock = (at, zone) => format(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(at))

// 2026-11-20: sorts and compares.
export function dayOf(at, zone) {
  const parts = Object.fromEntries(
    format(zone, { year: "numeric", month: "2-digit", day: "2-digit" })
      .formatToParts(new Date(at))
      .map(part => [part.type, part.value])
  )
  return `${parts.year}-${parts.month}-${parts.day}`
}

// "Friday 20 November", with the year when it is another one.
export function dayLabel(at, zone, now = Date.now()) {
  const parts = Object.fromEntries(
    format(zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" })
      .formatToParts(new Date(at))
      .map(part => [part.type, part.value])
  )
  const label = `${parts.weekday} ${parts.day} ${parts.month}`
  return dayOf(at, zone).slice(0, 4) === dayOf(now, zone).slice(0, 4) ? label : `${label} ${parts.year}`
}
