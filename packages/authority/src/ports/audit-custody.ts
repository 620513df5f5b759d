import type { SigningKey } from "@agentwrit/core"

/** Keeps the audit key while it rotates (CONTRACT 9). */
export interface AuditCustody {
  /** The key that is to follow; `undefined` when no rotation was begun. */
  next(): Promise<SigningKey | undefined>
  /**
   * Makes the key that is to follow, in place of one that is there. It is durable when this resolves.
   * @throws `UnavailableError` when it cannot be kept; nothing that counts was changed.
   */
  create(): Promise<SigningKey>
  /**
   * Puts the key that follows in the place of the audit key, and tells others its verifier key. The key of the records'
   * seals stays.
   * @throws `UnavailableError` when it cannot; it can be repeated.
   */
  promote(): Promise<void>
}
