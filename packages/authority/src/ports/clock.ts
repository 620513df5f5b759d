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

/** A clock that may be set back, and remembers what it showed. */
export interface RememberingClock extends Clock {
  /** The latest instant that it showed; now, unless it was set back by up to a day. */
  latest(): number
}

/** How far a clock may be set back and be remembered: beyond, what it showed was no time (CONTRACT 2). */
export const MAX_STEP_BACK_MS: number = 24 * 60 * 60 * 1000

/** @param known the latest instant that it showed before this process, in milliseconds since the Unix epoch. */
export function rememberingClock(clock: Clock, known: number): RememberingClock {
  const { elapsed } = clock
  let latest = known
  const now = (): number => {
    const shown = clock.now()
    if (shown > latest || shown < latest - MAX_STEP_BACK_MS) latest = shown
    return shown
  }
  return {
    now,
    latest() {
      now()
      return latest
    },
    ...(elapsed !== undefined && { elapsed }),
  }
}

/** Whole Unix seconds, as RFC 7519 counts times. */
export const toUnixSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000)
