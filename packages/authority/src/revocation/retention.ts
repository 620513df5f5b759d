import type { Revocation } from "../ports/revocation-log.ts"

/** How long a token-level entry is kept after the token's expiry: the clock may have been stepped (CONTRACT 2). */
const REVOKED_GRACE_MS = 24 * 60 * 60 * 1000

/**
 * When a revocation stops mattering, and when it may be deleted.
 * @param expiresAt when the last token that it covers expires; `null`: never.
 */
export function retention(
  expiresAt: number | null,
  graceMs: number = REVOKED_GRACE_MS,
): Pick<Revocation, "expiresAt" | "pruneAfter"> {
  return { expiresAt, pruneAfter: expiresAt === null ? null : expiresAt + graceMs }
}
