import { expect, test } from "vitest"
import { exact, expiry, instantOf, since, span } from "../src/time.ts"

test.each([
  [0, "0s"],
  [999, "1s"],
  [59_400, "59s"],
  [60_000, "1m"],
  [250_000, "4m 10s"],
  [3_600_000, "1h"],
  [3_601_000, "1h"],
  [7_260_000, "2h 1m"],
  [90_061_000, "1d 1h"],
])("%i ms are %s", (milliseconds, text) => {
  expect(span(milliseconds)).toBe(text)
})

test("instants are exact and readable", () => {
  const noon = Date.parse("2026-03-29T12:00:00Z")
  expect(exact(noon + 5)).toBe("2026-03-29T12:00:00.005Z")
  expect(expiry(noon, noon - 250_000)).toBe("2026-03-29T12:00:00Z (expires in 4m 10s)")
  expect(expiry(noon, noon + 5000)).toBe("2026-03-29T12:00:00Z (expired 5s ago)")
  expect(since(noon, noon + 61_000)).toBe("2026-03-29T12:00:00Z (1m 1s ago)")
})

test.each([
  ["90s", "2026-03-29T11:58:30Z"],
  ["15m", "2026-03-29T11:45:00Z"],
  ["1h", "2026-03-29T11:00:00Z"],
  ["7d", "2026-03-22T12:00:00Z"],
  ["2026-03-29T00:00:00Z", "2026-03-29T00:00:00Z"],
  ["yesterday", "yesterday"],
  [undefined, undefined],
])("a time given as %s is %s", (given, instant) => {
  expect(instantOf(given, Date.parse("2026-03-29T12:00:00Z"))).toBe(instant)
})
