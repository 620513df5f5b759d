const DATE_TIME = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:)(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/

// 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: the range of RFC 3339.
const FIRST = -62_167_219_200_000
const LAST = 253_402_300_799_999

/** How to round an instant between two milliseconds: `up` for the start of a range, `down` for its end. */
export type Rounding = "up" | "down"

/**
 * The instant of an RFC 3339 date-time, in milliseconds since the Unix epoch; `undefined` for any other text. It is
 * strict: the day must exist, the offset must be given, and second 60 is accepted only where UTC may have a leap
 * second, and read as the next midnight, as Unix time does.
 */
export function parseInstant(text: string, rounding: Rounding = "down"): number | undefined {
  const match = DATE_TIME.exec(text)
  if (match === null) return undefined
  const [, day = "", time = "", second = "", fraction = "", sign, offsetHour = 0, offsetMinute = 0] = match
  const leap = second === "60"
  const local = Date.parse(`${day}T${time}${leap ? "59" : second}Z`)
  // Some engines read 30 February as a day of March, and 24:00 as the next day.
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
