import { TtlError } from "./errors.ts"

/** What decides the time to live of a token. All are whole seconds. */
export interface TtlTerms {
  /** What the caller asked for. */
  readonly requested?: number | undefined
  /** What counts when nothing was asked for. */
  readonly fallback: number
  /** Ceilings; 0 is none. */
  readonly limits: readonly number[]
}

/**
 * The time to live to grant: what was asked for, else the fallback, and never above any ceiling (CONTRACT 2, "TTL").
 * @returns whole seconds, at least 1.
 * @throws {@link TtlError} `invalid_ttl` when what was asked for is not a whole number of seconds from 1 up.
 * @example clampTtl({ requested: 3600, fallback: 300, limits: [900, 0] }) // 900
 */
export function clampTtl(terms: TtlTerms): number {
  const { requested, fallback, limits } = terms
  if (requested !== undefined && !isSeconds(requested))
    throw new TtlError("invalid_ttl", "TTL is not a whole number of seconds, 1 or more")
  if (!isSeconds(fallback)) throw new TypeError("a fallback TTL is a whole number of seconds, 1 or more")
  if (!limits.every((limit) => limit === 0 || isSeconds(limit)))
    throw new TypeError("a ceiling is a whole number of seconds, or 0 for none")
  return Math.min(requested ?? fallback, ...limits.filter((limit) => limit !== 0))
}

function isSeconds(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}
