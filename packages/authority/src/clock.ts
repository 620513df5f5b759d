/** Where the authority takes the time from, so that tests can freeze it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() }

/** Whole Unix seconds, as the JWT times of RFC 7519 count them. */
export const toUnixSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000)
