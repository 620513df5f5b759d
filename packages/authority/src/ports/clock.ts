/** Where the authority takes the time from, so that tests can freeze it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Milliseconds of a clock that nobody can set. Absent: `now` is never set either. */
  elapsed?(): number
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() }

/**
 * A clock that never runs ahead of the time that really passed. Deleting by it stays safe when the machine's clock is
 * stepped forward and back.
 * @param latest the latest instant that is known to be past, in milliseconds since the Unix epoch.
 */
export function steadyClock(clock: Clock, latest: number): Clock {
  const { elapsed } = clock
  if (elapsed === undefined) return clock
  const origin = Math.min(clock.now(), latest) - elapsed()
  return { now: () => Math.min(clock.now(), origin + elapsed()), elapsed }
}

/** Whole Unix seconds, as RFC 7519 counts times. */
export const toUnixSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000)
