import { createHmac } from "node:crypto"

/**
 * The default key of nonces, when the host gives none. It is derived from the key of the records' seals, which stays when
 * signing keys and the audit key rotate.
 */
export const deriveNonceKey = (recordsKey: Uint8Array): Uint8Array =>
  createHmac("sha256", recordsKey).update("agentwrit-nonce-key-v1").digest()
