import { type Claims, revocationDigest, revocationTargets, type VerifyingKey } from "@agentwrit/core"
import { LRUCache } from "lru-cache"

/** Claims that were verified. They are shared by all who present the token, so no one can change them. */
export type VerifiedClaims = DeepReadonly<Claims>

/** A type whose members, all the way down, cannot be assigned. */
export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: DeepReadonly<T[Name]> }
    : T

/** What verifying a token's form, signature and chain yielded, and what was found out about it since. */
export interface RememberedToken {
  readonly claims: VerifiedClaims
  /** The key that signed it: it must still be the broker's at each use. */
  readonly key: VerifyingKey
  /** Digests of everything that, listed, revokes it. */
  readonly revocationDigests: readonly Uint8Array[]
  /** The version of the revocations among which none of the digests was found. */
  unrevokedAt: number
  /** When the broker called it good, as `performance.now()`. */
  validatedAt: number
}

/** Characters of token text that are remembered at the most: some 30,000 ordinary tokens. */
const MAX_CHARACTERS = 24 * 1024 * 1024

/**
 * Remembers tokens that verified, by their whole text. Only the signatures are spared: times, key and revocation are looked at on
 * every use. What did not verify is never kept, so strangers cannot fill it.
 */
export class VerifiedTokens {
  readonly #tokens = new LRUCache<string, RememberedToken>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_, text) => text.length,
  })

  get(token: string): RememberedToken | undefined {
    return this.#tokens.get(token)
  }

  remember(token: string, claims: Claims, key: VerifyingKey): RememberedToken {
    const remembered: RememberedToken = {
      claims: frozen(claims),
      key,
      revocationDigests: revocationTargets(claims).map(({ level, target }) => revocationDigest(level, target)),
      unrevokedAt: -1,
      validatedAt: Number.NEGATIVE_INFINITY,
    }
    this.#tokens.set(token, remembered)
    return remembered
  }

  forget(token: string): void {
    this.#tokens.delete(token)
  }

  clear(): void {
    this.#tokens.clear()
  }
}

function frozen(claims: Claims): VerifiedClaims {
  for (const record of claims.delegation_chain ?? []) {
    Object.freeze(record.scope)
    Object.freeze(record)
  }
  Object.freeze(claims.delegation_chain)
  Object.freeze(claims.scope)
  Object.freeze(claims.aud)
  return Object.freeze(claims)
}
