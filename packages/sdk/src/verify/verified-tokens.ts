import { type Claims, type RevocationProbe, revocationProbe, signingKeyIds, type VerifiedToken } from "@agentwrit/core"

/** Verified claims. They are cached and shared between requests, and therefore frozen. */
export type VerifiedClaims = DeepReadonly<Claims>

/** A type with read-only members at every depth. */
export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: DeepReadonly<T[Name]> }
    : T

/** A token whose form, signature and chain were verified. */
export interface RememberedToken {
  readonly claims: VerifiedClaims
  /** Ids of the keys that signed it and the records of its chain. At each use, the broker must still publish them. */
  readonly keyIds: readonly string[]
  /** Finds it in the list of revocations. */
  readonly probe: RevocationProbe
  /** The version of the revocations under which it was not revoked. */
  unrevokedAt: number
  /** When the broker last said that it is valid, as `performance.now()`. */
  validatedAt: number
}

/** Size of one of the two generations: about 12,000 ordinary tokens. */
const MAX_GENERATION_BYTES = 32 * 1024 * 1024

/** An estimate for the text, the claims and the rest. An ordinary token takes 2,400 bytes. */
const bytesOf = (token: string): number => 3 * token.length + 1024

/**
 * A cache of verified tokens by their whole text. It saves the signature checks; times, key and revocation are checked
 * at every use. Invalid tokens are never stored, so that strangers cannot fill it.
 *
 * It has two generations: when the young one is full, the old one is dropped, except for the tokens that were used
 * meanwhile. That is cheaper than an exact order of use.
 */
export class VerifiedTokens {
  #young = new Map<string, RememberedToken>()
  #old = new Map<string, RememberedToken>()
  /** Size of the young generation. */
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
      keyIds: signingKeyIds(claims, key.keyId),
      probe: revocationProbe(claims),
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
    if (this.#bytes <= MAX_GENERATION_BYTES) return
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
