import { encodeUtf8, type SigningKey } from "@agentwrit/core"

/**
 * The default key of nonces, when the host gives none: an Ed25519 signature by the audit key over a fixed text. It is
 * deterministic, never published, and as secret as the audit key. It outlives a rotation of the signing key.
 */
export const deriveNonceKey = (auditKey: SigningKey): Uint8Array => auditKey.sign(encodeUtf8("agentwrit-nonce-key-v1"))
