import type { AuthorityContext } from "./context.ts"
import { NONCE_TTL } from "./nonce.ts"

/** What a registration signs, and for how many seconds it may. */
export interface Challenge {
  readonly nonce: string
  readonly expiresIn: number
}

/** A fresh nonce (CONTRACT 3, `GET /v1/challenge`). Nothing is stored until it is used. */
export function challenge(context: AuthorityContext): Challenge {
  return { nonce: context.nonces.issue(context.clock.now()), expiresIn: NONCE_TTL }
}
