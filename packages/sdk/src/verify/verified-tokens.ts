import {
  type Claims,
  revocationDigest,
  revocationTargets,
  type VerifiedToken,
  type VerifyingKey,
} from "@agentwrit/core"

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

/** Bytes of one generation, of which there are two: some 12,000 ordinary tokens each. */
const MAX_BYTES = 32 * 1024 * 1024

/** Bytes that a remembered token takes: its text, its claims, and what is kept of it besides. An ordinary one took 2,400 when measured. */
const bytesOf = (token: string): number => 3 * token.length + 1024

/**
 * Remembers tokens that verified, by their whole text. Only the signatures are spared: times, key and revocation are looked at on
 * every use. What did not verify is never kept, so strangers cannot fill it.
 *
 * Two generations in place of an order of use, whose upkeep was a good part of what a new token cost beside its signature: a full
 * generation makes the one before it forgotten, but for what was used meanwhile.
 */
export class VerifiedTokens {
  #young = new Map<string, RememberedToken>()
  #old = new Map<string, RememberedToken>()
  /** Of the young generation. */
  #bytes = 0

  get(token: string): RememberedToken | undefined {
    const young = this.#young.get(token)
    if (young !== undefined) return young
    const old = this.#old.get(token)
    if (old !== undefined) this.#put(token, old)
    return old
  }

  remember(token: string, { claims, key }: VerifiedToken): RememberedToken {
    const remembered: RememberedToken = {
      claims: frozen(claims),
      key,
      revocationDigests: revocationTargets(claims).map(({ level, target }) => revocationDigest(level, target)),
      unrevokedAt: -1,
      validatedAt: Number.NEGATIVE_INFINITY,
    }
    this.#put(token, remembered)
    return remembered
  }

  forget(token: string): void {
    if (this.#young.delete(token)) this.#bytes -= bytesOf(token)
    this.#old.delete(token)
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
    this.#bytes = 0
  }

  #put(token: string, remembered: RememberedToken): void {
    if (!this.#young.has(token)) this.#bytes += bytesOf(token)
    this.#young.set(token, remembered)
    if (this.#bytes <= MAX_BYTES) return
    this.#old = this.#young
    this.#young = new Map()
    this.#bytes = 0
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
