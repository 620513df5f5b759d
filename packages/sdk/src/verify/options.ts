import type { BrokerOptions } from "../broker-client.ts"

/**
 * How a verifier learns that a token was revoked:
 * - `feed`: it follows the broker's feed of revocations, knows of each within milliseconds, and never calls the broker for a request;
 * - `introspect`: it asks the broker about each token, for places where no connection can stay open;
 * - `none`: never. **A revoked or released token is accepted until it expires.** Only for tokens that live for seconds.
 */
export type RevocationMode = "feed" | "introspect" | "none"

/** How a verifier judges tokens. */
export interface VerifierOptions extends BrokerOptions {
  /** The `iss` that tokens must have (the broker's AA_ISSUER). Default: any. */
  readonly issuer?: string | undefined
  /** What tokens' `aud` must name: this service (the broker's AA_AUDIENCE). Default: any, so set it where the broker does. */
  readonly audience?: string | undefined
  /** How revocations are learned of. Default `feed`. */
  readonly revocation?: RevocationMode | undefined
  /**
   * Milliseconds for which what is known of revocations may be relied on without news. With `feed`: since the newest message was
   * signed, at most and by default 30,000 (CONTRACT 5); the broker sends one every 5 s, so below 6,000 gaps are sure. With
   * `introspect`: for how long the broker's yes to a token is kept; default 0, so each use asks.
   */
  readonly maxStalenessMs?: number | undefined
  /** Seconds by which this clock and the broker's may differ, allowed at both ends of a token's life. Default 0, as at the broker. */
  readonly clockToleranceS?: number | undefined
}

/** The options, checked and with their defaults. */
export interface VerifierTerms {
  readonly issuer: string | undefined
  readonly audience: string | undefined
  readonly revocation: RevocationMode
  readonly maxStalenessMs: number
  readonly clockToleranceS: number
}

const MODES: readonly RevocationMode[] = ["feed", "introspect", "none"]

/** Longest staleness that the contract allows (CONTRACT 5). */
const MAX_STALENESS = 30_000

/** Beyond this a clock is wrong, and a tolerance would hide it. */
const MAX_CLOCK_TOLERANCE = 300

/** @throws `TypeError` for options that cannot be meant. */
export function readTerms(options: VerifierOptions): VerifierTerms {
  const { issuer, audience, revocation = "feed", clockToleranceS = 0 } = options
  const { maxStalenessMs = revocation === "introspect" ? 0 : MAX_STALENESS } = options
  if (!MODES.includes(revocation)) throw new TypeError('revocation must be "feed", "introspect" or "none"')
  if (issuer !== undefined && typeof issuer !== "string") throw new TypeError("issuer must be a string")
  if (audience !== undefined && (typeof audience !== "string" || audience === ""))
    throw new TypeError("audience must be a string with at least one character")
  const least = revocation === "feed" ? 1 : 0
  if (!isWithin(maxStalenessMs, least, MAX_STALENESS))
    throw new TypeError(`maxStalenessMs must be from ${least} to ${MAX_STALENESS}`)
  if (!isWithin(clockToleranceS, 0, MAX_CLOCK_TOLERANCE))
    throw new TypeError(`clockToleranceS must be from 0 to ${MAX_CLOCK_TOLERANCE}`)
  return Object.freeze({ issuer, audience, revocation, maxStalenessMs, clockToleranceS })
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most
}
