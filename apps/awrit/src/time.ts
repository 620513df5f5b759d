/** An instant in RFC 3339, UTC. Shows milliseconds only if they are not zero. */
export const exact = (instant: number): string => new Date(instant).toISOString().replace(".000Z", "Z")

/** An instant and its distance from now: `2026-03-29T00:00:00Z (expires in 4m 10s)`. */
export function expiry(instant: number, now: number = Date.now()): string {
  const left = instant - now
  return `${exact(instant)} (${left > 0 ? `expires in ${span(left)}` : `expired ${span(-left)} ago`})`
}

/** An instant and how long ago it was. */
export const since = (instant: number, now: number = Date.now()): string =>
  `${exact(instant)} (${span(Math.max(0, now - instant))} ago)`

const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
] as const

/**
 * The RFC 3339 text of a time that the command line gives, also as how long ago it was: `90s`, `15m`, `1h`, `7d`. Any
 * other text stays: the API's schema refuses it.
 */
export function instantOf(given: string | undefined, now: number = Date.now()): string | undefined {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(given ?? "") ?? []
  const [, seconds] = UNITS.find(([name]) => name === unit) ?? []
  return seconds === undefined ? given : exact(now - Number(count) * seconds * 1000)
}

/** A duration in milliseconds as its two largest units: `4m 10s`, `3d 2h`, `0s`. */
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
