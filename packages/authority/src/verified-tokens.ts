import type { Claims } from "@agentwrit/core"
import { LRUCache } from "lru-cache"

/** What verifying a token's form, signature and chain yielded. */
export interface VerifiedToken {
  readonly claims: Claims
  /** Digests of everything that, listed, would revoke it; made once because each check needs them. */
  readonly revocationDigests: readonly Uint8Array[]
}

/** Characters of token text that are remembered at the most: some 30,000 ordinary tokens. */
const MAX_CHARACTERS = 24 * 1024 * 1024

/**
 * Remembers tokens whose signature was verified or made here. Only that work is saved: times and revocation are checked at
 * every use, so that a hit outlives neither. Texts that did not verify are never kept, so strangers cannot fill it.
 */
export class VerifiedTokens {
  readonly #tokens = new LRUCache<string, VerifiedToken>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_, text) => text.length,
  })

  get(token: string): VerifiedToken | undefined {
    return this.#tokens.get(token)
  }

  remember(token: string, verified: VerifiedToken): void {
    this.#tokens.set(token, verified)
  }
}
