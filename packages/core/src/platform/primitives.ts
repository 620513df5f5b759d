/** An imported private key. */
export interface Ed25519Signer {
  /** 32 bytes; the caller may keep them. */
  readonly publicKey: Uint8Array
  readonly sign: (message: Uint8Array) => Uint8Array
}

/**
 * Verifies with an imported public key. The caller has checked that the key is canonical and not of small order, and
 * that the signature is 64 bytes with S < L. Left is the cofactorless equation of RFC 8032 section 5.1.7, decided by
 * comparing encodings of R. A key that is not a point of the curve verifies nothing.
 */
export type Ed25519Verifier = (message: Uint8Array, signature: Uint8Array) => boolean

/**
 * The exports of each platform's module `#platform` (package.json `imports`). Both implementations must return the same
 * for the same bytes.
 */
export interface PlatformPrimitives {
  sha256(first: Uint8Array, rest: readonly Uint8Array[]): Uint8Array
  /** Of the UTF-8 bytes of a text without unpaired surrogates. */
  sha256OfText(text: string): Uint8Array
  /** @param seed 32 bytes (RFC 8032 section 5.1.5). */
  importSigner(seed: Uint8Array): Ed25519Signer
  /** @param publicKey 32 bytes that are not changed afterwards. */
  importVerifier(publicKey: Uint8Array): Ed25519Verifier
}

/**
 * The exports of each platform's module `#encoding`, separate so that a bundle that only encodes does not contain the
 * curve. Decoders return `undefined` for text that is not exactly what the encoder writes.
 */
export interface EncodingPrimitives {
  toHex(bytes: Uint8Array): string
  fromHex(text: string): Uint8Array | undefined
  toBase64(bytes: Uint8Array): string
  fromBase64(text: string): Uint8Array | undefined
  toBase64Url(bytes: Uint8Array): string
  fromBase64Url(text: string): Uint8Array | undefined
}
