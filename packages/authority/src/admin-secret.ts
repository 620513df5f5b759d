import { createHash, timingSafeEqual } from "node:crypto"
import bcrypt from "bcrypt"
import { Turns } from "./turns.ts"

/** Whether a presented admin secret is right; `busy` when too many slow checks wait already. */
export type SecretVerdict = "right" | "wrong" | "busy"

/** The admin secret as the operator configured it: in the clear, or as a bcrypt hash. */
export interface AdminSecret {
  /** The secret itself where it is known, so that the trail's redaction can look for it. */
  readonly clear?: string
  /** @param source what the check waits its turn for. */
  check(presented: string, source: string): Promise<SecretVerdict>
}

const BCRYPT_HASH = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/

/** bcrypt reads no further than this and would take any longer text that begins alike. */
const BCRYPT_BYTES = 72

/**
 * Slow checks that may wait behind the one under way, of about 0.25 s each. Operators behind one address get three in at once and the
 * rest a second later; it takes sixteen addresses to fill the queue, and behind fifteen that try one more waits 4 s.
 */
const WAITING = { ofSource: 2, inAll: 32 }

/** Whether a configured admin secret is a bcrypt hash (`$2a$`, `$2b$` or `$2y$`). */
export const isBcryptHash = (configured: string): boolean => BCRYPT_HASH.test(configured)

/** Reads a configured admin secret: a bcrypt hash is recognised by its form, everything else is the secret itself. */
export function createAdminSecret(configured: string): AdminSecret {
  return isBcryptHash(configured) ? hashedSecret(configured) : clearSecret(configured)
}

function clearSecret(secret: string): AdminSecret {
  const expected = digest(secret)
  return {
    clear: secret,
    // Equal-length digests, so that neither content nor length of the secret shows in the time.
    check: async (presented) => (timingSafeEqual(digest(presented), expected) ? "right" : "wrong"),
  }
}

function hashedSecret(hash: string): AdminSecret {
  // `$2y$` is the name that other programs give to what node's bcrypt calls `$2b$`.
  const comparable = hash.replace(/^\$2y\$/, "$2b$")
  const turns = new Turns(WAITING)
  return {
    async check(presented, source) {
      if (Buffer.byteLength(presented) > BCRYPT_BYTES || presented.includes("\0")) return "wrong"
      if (!turns.hasRoom(source)) return "busy"
      return (await turns.do(source, () => bcrypt.compare(presented, comparable))) ? "right" : "wrong"
    },
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()
