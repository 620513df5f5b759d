import { BROKER_OPTIONS, type BrokerOptions } from "../broker-client.ts"
import { requireKnownOptions } from "../known-options.ts"

/**
 * How a verifier learns of revocations:
 * - `feed`: it follows the broker's revocation feed, learns of each within milliseconds, and never calls the broker for
 * a request;
 * - `introspect`: it asks the broker about each token, for platforms where no connection can stay open;
 * - `none`: never. **A revoked or released token is accepted until it expires.** Only for tokens that live for seconds.
 */
export type RevocationMode = "feed" | "introspect" | "none"

/** Options of a verifier. */
export interface VerifierOptions extends BrokerOptions {
  /** The `iss` that tokens must have: the broker's AA_ISSUER. Default: any. */
  readonly issuer?: string
  /**
   * A member of `aud` that tokens must have: the broker's AA_AUDIENCE. Default: any. Set it where the broker sets it.
   */
  readonly audience?: string
  /**
   * The `client_id` and `client_secret` of an app of role `verifier` or `gateway`, with which the verifier reads the
   * feed of a broker with `AA_FEED_ACCESS=verifier`. Default: it reads the feed without signing in.
   */
  readonly clientId?: string | undefined
  readonly clientSecret?: string | undefined
  /** How the verifier learns of revocations. Default `feed`. */
  readonly revocation?: RevocationMode | undefined
  /**
   * The greatest age of the verifier's knowledge, in milliseconds. With `feed`: since the newest message was signed; at
   * most and by default 30,000 (CONTRACT 5). The broker sends a message every 5 s, so below 6,000 the verifier is often
   * unavailable. With
   * `introspect`: for how long the broker's "valid" is kept; default 0, so that every use asks.
   */
  readonly maxStalenessMs?: number | undefined
  /**
   * Seconds by which a token's `nbf` may lie ahead of this clock, because clocks of machines differ: 0 to 300,
   * default 5. `exp` has no tolerance (CONTRACT 5).
   */
  readonly clockToleranceS?: number | undefined
}

/** The checked options, with defaults. */
export interface VerifierTerms {
  readonly issuer: string | undefined
  readonly audience: string | undefined
  readonly revocation: RevocationMode
  readonly maxStalenessMs: number
  readonly clockToleranceS: number
}

const NAMES = {
  ...BROKER_OPTIONS,
  issuer: true,
  audience: true,
  clientId: true,
  clientSecret: true,
  revocation: true,
  maxStalenessMs: true,
  clockToleranceS: true,
} as const

const MODES: readonly RevocationMode[] = ["feed", "introspect", "none"]

/** CONTRACT 5. */
const MAX_STALENESS_MS = 30_000

/** CONTRACT 5. */
const CLOCK_TOLERANCE_S = 5

/** A greater difference is a fault of a clock, which a tolerance would hide. */
const MAX_CLOCK_TOLERANCE_S = 300

/** @throws `TypeError` for invalid options. */
export function readTerms(options: VerifierOptions): VerifierTerms {
  requireKnownOptions<VerifierOptions>("createVerifier", options, NAMES)
  const { issuer, audience, revocation = "feed", clockToleranceS = CLOCK_TOLERANCE_S } = options
  const { maxStalenessMs = revocation === "introspect" ? 0 : MAX_STALENESS_MS } = options
  if (!MODES.includes(revocation)) throw new TypeError('revocation must be "feed", "introspect" or "none"')
  // Set to `undefined` it is a setting that is missing, and the check would be left out in silence.
  if ("issuer" in options && typeof issuer !== "string") throw new TypeError("issuer must be a string")
  if ("audience" in options && (typeof audience !== "string" || audience === ""))
    throw new TypeError("audience must be a string with at least one character")
  const least = revocation === "feed" ? 1 : 0
  if (!isWithin(maxStalenessMs, least, MAX_STALENESS_MS))
    throw new TypeError(`maxStalenessMs must be from ${least} to ${MAX_STALENESS_MS}`)
  if (!isWithin(clockToleranceS, 0, MAX_CLOCK_TOLERANCE_S))
    throw new TypeError(`clockToleranceS must be from 0 to ${MAX_CLOCK_TOLERANCE_S}`)
  return Object.freeze({ issuer, audience, revocation, maxStalenessMs, clockToleranceS })
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most
}
