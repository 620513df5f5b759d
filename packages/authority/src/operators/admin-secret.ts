import { hash, timingSafeEqual } from "node:crypto"
import bcrypt from "bcrypt"
import { FairQueue } from "../fair-queue.ts"

/** Whether a presented admin secret is right; `busy` when too many slow checks are waiting. */
export type SecretVerdict = "right" | "wrong" | "busy"

/** The configured admin secret: in clear, or as a bcrypt hash. */
export interface AdminSecret {
  /** The setting itself. Admin tokens end when it changes. */
  readonly configured: string
  /** The secret itself where it is known, so that the trail can redact it. */
  readonly clear?: string
  /** @param source slow checks are run round-robin between sources. */
  check(presented: string, source: string): Promise<SecretVerdict>
}

const BCRYPT_HASH = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/

/** bcrypt ignores everything after this many bytes. */
const MAX_BCRYPT_BYTES = 72

/**
 * Slow checks that may wait, of about 0.25 s each. One source can delay the others by one check; sixteen can fill the
 * queue, and then the wait is 8 s.
 */
const MAX_WAITING = { perSource: 2, total: 32 }

/** Whether a configured admin secret is a bcrypt hash (`$2a$`, `$2b$` or `$2y$`). */
export const isBcryptHash = (configured: string): boolean => BCRYPT_HASH.test(configured)

/** Reads a configured admin secret: a bcrypt hash by its form, everything else is the secret itself. */
export function createAdminSecret(configured: string): AdminSecret {
  return isBcryptHash(configured) ? hashedSecret(configured) : clearSecret(configured)
}

function clearSecret(secret: string): AdminSecret {
  const expected = digest(secret)
  return {
    configured: secret,
    clear: secret,
    // Digests have one length, so the time shows neither content nor length of the secret.
    check: async (presented) => (timingSafeEqual(digest(presented), expected) ? "right" : "wrong"),
  }
}

function hashedSecret(hash: string): AdminSecret {
  // Other programs write `$2y$` for what node's bcrypt calls `$2b$`.
  const comparable = hash.replace(/^\$2y\$/, "$2b$")
  const queue = new FairQueue(MAX_WAITING)
  return {
    configured: hash,
    async check(presented, source) {
      if (Buffer.byteLength(presented) > MAX_BCRYPT_BYTES || presented.includes("\0")) return "wrong"
      if (!queue.hasRoom(source)) return "busy"
      return (await queue.run(source, () => bcrypt.compare(presented, comparable))) ? "right" : "wrong"
    },
  }
}

const digest = (text: string): Buffer => hash("sha256", text, "buffer")
