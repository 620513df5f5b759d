import type { SigningKey, VerifyingKey } from "./ed25519.ts"
import type { FindKey } from "./jws.ts"

/** The keys of an issuer: one signs, all of them verify. During a rotation there is more than one. */
export interface KeyRing {
  /** The key that signs from now on. */
  readonly current: SigningKey
  /** The key with this `kid`, or `undefined`. Usable on its own as the resolver of {@link verifyToken}. */
  readonly find: FindKey
  /** Every key that verifiers must know, the current one first: the content of the JWK set. */
  readonly published: () => readonly VerifyingKey[]
}

/** The keys of {@link createKeyRing}. */
export interface KeyRingOptions {
  readonly current: SigningKey
  /** Keys that no longer sign, or do not sign yet, but are published and verify. Default: none. */
  readonly others?: readonly VerifyingKey[]
}

/**
 * A key ring that does not change. Rotate by making a new one.
 * @throws `TypeError` when two keys have the same key id.
 * @example
 * ```ts
 * const ring = createKeyRing({ current: signingKey, others: [formerKey] })
 * const token = signToken(claims, ring.current)
 * verifyToken(token, ring.find)
 * toJwkSet(ring.published())
 * ```
 */
export function createKeyRing({ current, others = [] }: KeyRingOptions): KeyRing {
  const published: readonly VerifyingKey[] = Object.freeze([current, ...others])
  const byId = new Map(published.map((key) => [key.keyId, key]))
  if (byId.size !== published.length) throw new TypeError("a key ring holds each key once")
  return Object.freeze({ current, find: (keyId) => byId.get(keyId), published: () => published } satisfies KeyRing)
}
