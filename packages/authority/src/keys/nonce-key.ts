import { encodeUtf8, type SigningKey } from "@agentwrit/core"

/**
 * The default key of nonces, when the host gives none: an Ed25519 signature over a fixed text. It is
 * deterministic, never published, and as secret as the signing key.
 */
export const deriveNonceKey = (signingKey: SigningKey): Uint8Array =>
  signingKey.sign(encodeUtf8("agentwrit-nonce-key-v1"))
