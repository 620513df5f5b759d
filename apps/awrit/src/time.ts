/** An instant, exact: RFC 3339 in UTC. A fraction of a second only where it has one. */
export const exact = (instant: number): string => new Date(instant).toISOString().replace(".000Z", "Z")

/** An instant exact and as people count: `2026-03-29T00:00:00Z (expires in 4m 10s)`. */
export function expiry(instant: number, now: number = Date.now()): string {
  const left = instant - now
  return `${exact(instant)} (${left > 0 ? `expires in ${span(left)}` : `expired ${span(-left)} ago`})`
}

/** An instant exact and how long it is past. */
export const since = (instant: number, now: number = Date.now()): string =>
  `${exact(instant)} (${span(Math.max(0, now - instant))} ago)`

const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
] as const

/** Milliseconds in the two largest units that say something: `4m 10s`, `3d 2h`, `0s`. */
export function span(milliseconds: number): string {
  let rest = Math.round(milliseconds / 1000)
  const parts: string[] = []
  for (const [unit, seconds] of UNITS) {
    const count = Math.floor(rest / seconds)
    rest -= count * seconds
    if (count > 0) parts.push(`${count}${unit}`)
    else if (parts.length === 1) break
    if (parts.length === 2) break
  }
  return parts.length === 0 ? "0s" : parts.join(" ")
}
