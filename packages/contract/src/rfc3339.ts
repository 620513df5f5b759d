const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

// The years 0000 to 9999 in UTC: what RFC 3339 can write.
const FIRST = Date.parse("0000-01-01T00:00:00.000Z")
const LAST = Date.parse("9999-12-31T23:59:59.999Z")

/** Which millisecond to take for an instant between two: `up` for the start of a range, `down` for its end. */
export type Rounding = "up" | "down"

/**
 * The instant that an RFC 3339 date-time names, in milliseconds since the Unix epoch; `undefined` for any other text. Strict:
 * the day exists, the offset is written, seconds run to 59, or 60 where UTC may have a leap second (then the next midnight,
 * as Unix time has it).
 */
export function parseInstant(text: string, rounding: Rounding = "down"): number | undefined {
  const match = DATE_TIME.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const offsetHour = Number(match[9] ?? 0)
  const offsetMinute = Number(match[10] ?? 0)
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return undefined

  const date = new Date(0)
  // setUTCFullYear, because Date.UTC takes the years 0 to 99 for the twentieth century's.
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  date.setUTCHours(hour, minute, second)
  const offset = (offsetHour * 60 + offsetMinute) * 60_000
  const whole = date.getTime() - (match[8] === "-" ? -offset : offset)
  if (second === 60 && !isFirstOfMonth(whole)) return undefined

  const fraction = match[7] ?? ""
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, "0"))
  const beyond = /[1-9]/.test(fraction.slice(3))
  const instant = whole + milliseconds + (beyond && rounding === "up" ? 1 : 0)
  return instant >= FIRST && instant <= LAST ? instant : undefined
}

/** The RFC 3339 text of an instant, in UTC and with milliseconds. @throws RangeError outside the years 0000 to 9999 */
export function formatInstant(instant: number): string {
  if (!(instant >= FIRST && instant <= LAST)) throw new RangeError("formatInstant: outside the years 0000 to 9999")
  return new Date(instant).toISOString()
}

/** Leap seconds are inserted before the midnight that begins a month. */
function isFirstOfMonth(instant: number): boolean {
  const date = new Date(instant)
  return date.getUTCDate() === 1 && instant % 86_400_000 < 1000 && date.getUTCHours() === 0
}
