import type { KeyObject } from "node:crypto"
import type { EcJwk, Ed25519Jwk, Jwk, RsaJwk, SigningKey } from "@agentwrit/core"

/** The algorithm of a signing key. */
export type KeyAlgorithm = Jwk["alg"]

/** What a key signs: native tokens, delegation records and the feed, or the tokens of the OAuth face (CONTRACT 9). */
export type KeyUse = "native" | "oauth"

/** What a key of each algorithm signs. */
export const USE_OF: Readonly<Record<KeyAlgorithm, KeyUse>> = { EdDSA: "native", ES256: "oauth", RS256: "oauth" }

interface Held {
  /** Its RFC 7638 thumbprint. */
  readonly keyId: string
  /** When it was made, in milliseconds since the Unix epoch. */
  readonly createdAt: number
}

/** A private key that signs native tokens. */
export interface NativeKey extends Held {
  readonly jwk: Ed25519Jwk
  readonly key: SigningKey
}

/** A private key that signs for the OAuth face. */
export interface OAuthKey extends Held {
  readonly jwk: EcJwk | RsaJwk
  readonly key: KeyObject
}

/** The private keys of one use: the one that signs, and the one that will sign next. */
export interface HeldPair<Key> {
  readonly current?: Key
  readonly next?: Key
}

/** Every private key that is held. A native key signs always. */
export interface HeldKeys {
  readonly native: HeldPair<NativeKey> & { readonly current: NativeKey }
  readonly oauth: HeldPair<OAuthKey>
}

/**
 * Keeps the private keys. A key that no longer signs is not kept: the store holds its public half, which is all that
 * its tokens need.
 *
 * An implementation over a KMS or a PKCS#11 module keeps its keys wrapped there and unwraps them in `load` and
 * `create`. Signing stays in the process: a token is signed in the moment in which its cutoffs are checked.
 */
export interface KeyCustody {
  /** Every key that is held. Makes a native key when there is none: deleting it is how an operator ends everything. */
  load(): Promise<HeldKeys>
  /**
   * Makes the next key of the algorithm's use, in place of one that is there. It is durable when this resolves.
   * @throws `UnavailableError` when it cannot be kept; nothing was changed. `read_only` means that this custody cannot
   * keep another key at all.
   */
  create(alg: KeyAlgorithm): Promise<HeldKeys>
  /** Makes the next key of a use its current one and destroys the one before. Without a next key it does nothing. */
  promote(use: KeyUse): Promise<HeldKeys>
  /** Destroys the next key of a use, if there is one. */
  discard(use: KeyUse): Promise<HeldKeys>
  /** Destroys every key but the current native one. */
  discardOthers(): Promise<HeldKeys>
}
