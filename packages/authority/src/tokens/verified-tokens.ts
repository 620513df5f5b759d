import type { Claims, ProofHeader, RevocationProbe } from "@agentwrit/core"
import { LRUCache } from "lru-cache"

/** What the verification of a token's form, signature and chain found. */
export interface VerifiedToken {
  readonly claims: Claims
  /** Ids of the keys that signed it and the records of its chain. */
  readonly keyIds: readonly string[]
  /** Finds it in the revocation set; made once because each check needs it. */
  readonly probe: RevocationProbe
  /** The header of its last proof, when it is bound to a key. */
  proofHeader?: ProofHeader
}

/** Total length of the cached tokens: some 30,000 ordinary ones. */
const MAX_CHARACTERS = 24 * 1024 * 1024

/**
 * Caches tokens whose signature was verified or made here. It saves only that work: key, times and revocation are
 * checked at every use. Tokens that do not verify are never cached, so strangers cannot fill it.
 */
export class VerifiedTokens {
  readonly #tokens = new LRUCache<string, VerifiedToken>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_, token) => token.length,
  })

  get(token: string): VerifiedToken | undefined {
    return this.#tokens.get(token)
  }

  add(token: string, verified: VerifiedToken): void {
    this.#tokens.set(token, verified)
  }
}
