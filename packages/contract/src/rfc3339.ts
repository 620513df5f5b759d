const DATE_TIME = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:)(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/

// 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: what RFC 3339 can write.
const FIRST = -62_167_219_200_000
const LAST = 253_402_300_799_999

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
  const [, day = "", time = "", second = "", fraction = "", sign, offsetHour = 0, offsetMinute = 0] = match
  const leap = second === "60"
  const local = Date.parse(`${day}T${time}${leap ? "59" : second}Z`)
  // Engines may take 30 February for a day of March, and 24:00 for the next day.
  if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(day)) return undefined
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000
  const whole = local + (leap ? 1000 : 0) - (sign === "-" ? -offset : offset)
  // Leap seconds are inserted before the midnight that begins a month.
  if (leap && !new Date(whole).toISOString().endsWith("-01T00:00:00.000Z")) return undefined

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
