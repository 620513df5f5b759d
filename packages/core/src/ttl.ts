import { TtlError } from "./errors.ts"

/** The input of {@link clampTtl}, in whole seconds. */
export interface TtlTerms {
  /** The TTL that the caller requested. */
  readonly requested?: number | undefined
  /** The TTL when none was requested. */
  readonly fallback: number
  /** Upper limits; 0 is no limit. */
  readonly limits: readonly number[]
}

/**
 * The TTL to grant: the requested one, else the fallback, but never above a limit (CONTRACT 2, "TTL").
 * @returns whole seconds, at least 1.
 * @throws {@link TtlError} `invalid_ttl` when the requested TTL is not a whole number of seconds, 1 or more.
 * @example clampTtl({ requested: 3600, fallback: 300, limits: [900, 0] }) // 900
 */
export function clampTtl(terms: TtlTerms): number {
  const { requested, fallback, limits } = terms
  if (requested !== undefined && !isSeconds(requested))
    throw new TtlError("invalid_ttl", "TTL is not a whole number of seconds, 1 or more")
  if (!isSeconds(fallback)) throw new TypeError("a fallback TTL must be a whole number of seconds, 1 or more")
  if (!limits.every((limit) => limit === 0 || isSeconds(limit)))
    throw new TypeError("a TTL limit must be a whole number of seconds, or 0 for none")
  return Math.min(requested ?? fallback, ...limits.filter((limit) => limit !== 0))
}

function isSeconds(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}
