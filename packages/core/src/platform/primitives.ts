/** A private key that was read once. */
export interface Ed25519Signer {
  /** 32 bytes, the caller's own copy. */
  readonly publicKey: Uint8Array
  readonly sign: (message: Uint8Array) => Uint8Array
}

/**
 * A public key that was read once. Its caller has made sure that the key is canonical and of large order and that the signature is
 * 64 bytes with S < L; what is left is the cofactorless equation of RFC 8032 section 5.1.7, decided by comparing encodings of R. A key
 * that is no point of the curve verifies nothing.
 */
export type Ed25519Verifier = (message: Uint8Array, signature: Uint8Array) => boolean

/**
 * What each platform supplies, as module exports under `#platform` (package.json `imports`). Both implementations must give the
 * same answer to the same bytes.
 */
export interface PlatformPrimitives {
  sha256(first: Uint8Array, rest: readonly Uint8Array[]): Uint8Array
  /** Of the UTF-8 bytes of a text without unpaired surrogates. */
  sha256OfText(text: string): Uint8Array
  /** @param seed 32 bytes (RFC 8032 section 5.1.5). */
  importSigner(seed: Uint8Array): Ed25519Signer
  /** @param publicKey 32 bytes, which no one changes afterwards. */
  importVerifier(publicKey: Uint8Array): Ed25519Verifier
}

/**
 * What each platform supplies under `#encoding`, apart from the above so that a bundle that only encodes carries no curve.
 * Decoders answer `undefined` for text that is not exactly what the encoder writes.
 */
export interface EncodingPrimitives {
  toHex(bytes: Uint8Array): string
  fromHex(text: string): Uint8Array | undefined
  toBase64(bytes: Uint8Array): string
  fromBase64(text: string): Uint8Array | undefined
  toBase64Url(bytes: Uint8Array): string
  fromBase64Url(text: string): Uint8Array | undefined
}
