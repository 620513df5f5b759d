import type { Clock } from "@agentwrit/authority/ports"

/** The instant at which a {@link settableClock} starts: milliseconds since the Unix epoch. */
export const START: number = Date.UTC(2026, 0, 1)

/** A clock that only the test sets. */
export interface SettableClock extends Clock {
  /** Advances the time to that instant. */
  set(milliseconds: number): void
  /** Steps the clock, as an operator or NTP does: no time passes. */
  step(milliseconds: number): void
}

export function settableClock(): SettableClock {
  let now = START
  let elapsed = START
  return {
    now: () => now,
    elapsed: () => elapsed,
    set(milliseconds) {
      elapsed += milliseconds - now
      now = milliseconds
    },
    step(milliseconds) {
      now = milliseconds
    },
  }
}
