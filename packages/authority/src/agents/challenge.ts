import type { AuthorityContext } from "../context.ts"
import { NONCE_TTL } from "./nonce.ts"

/** A nonce for a registration to sign. */
export interface Challenge {
  /** 64 lower-case hex characters. */
  readonly nonce: string
  /** Seconds. */
  readonly expiresIn: number
}

/** A new nonce (CONTRACT 3, `GET /v1/challenge`). Nothing is stored until it is used. */
export function challenge(context: AuthorityContext): Challenge {
  return { nonce: context.nonces.issue(context.clock.now()), expiresIn: NONCE_TTL }
}
