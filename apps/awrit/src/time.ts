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
