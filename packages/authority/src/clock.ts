/** Where the authority takes the time from, so that tests can freeze it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Milliseconds since some instant, which no one sets; absent: `now` is never set either. */
  elapsed?(): number
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() }

/**
 * A clock for what must not be undone: it never runs ahead of the time that really passed, so that a clock which is stepped forward,
 * and back again, makes nothing forgotten that still matters then.
 * @param latest the latest instant that is known to have been, in milliseconds since the Unix epoch.
 */
export function steadyClock(clock: Clock, latest: number): Clock {
  const { elapsed } = clock
  if (elapsed === undefined) return clock
  const origin = Math.min(clock.now(), latest) - elapsed()
  return { now: () => Math.min(clock.now(), origin + elapsed()), elapsed }
}

/** Whole Unix seconds, as the JWT times of RFC 7519 count them. */
export const toUnixSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000)
