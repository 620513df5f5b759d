import { encodeUtf8, type SigningKey } from "@agentwrit/core"

/**
 * The default key of the records' seals, when the host gives none: an Ed25519 signature by the audit key over a fixed
 * text. It is deterministic, never published, and as secret as the audit key, without which no trail starts.
 */
export const deriveRecordsKey = (auditKey: SigningKey): Uint8Array =>
  auditKey.sign(encodeUtf8("agentwrit-records-key-v1"))
