import { createHmac } from "node:crypto"
import type { AuthorityContext } from "../context.ts"
import { uniqueHex } from "../unique-hex.ts"

/** Hex characters of the random half of an admin token's `jti`. The other half ties it to the admin secret. */
const RANDOM_LENGTH = 16

/**
 * A new `jti` for an admin token. Its second half is a MAC over the first half and the configured admin secret, so that
 * the broker needs no memory to refuse the token after the secret has changed (CONTRACT 6). The key is not in the
 * database, so a reader of a `jti` cannot test guesses of the secret with it.
 */
export function adminTokenId(context: AuthorityContext): string {
  const random = uniqueHex(RANDOM_LENGTH / 2)
  return random + tagOf(context, random)
}

/** Whether an admin token was issued under the present admin secret. */
export function isOfPresentSecret(context: AuthorityContext, jti: string): boolean {
  // The token is signed, so nobody can try tags: the time of the comparison tells nothing.
  return jti.slice(RANDOM_LENGTH) === tagOf(context, jti.slice(0, RANDOM_LENGTH))
}

const tagOf = ({ recordsKey, adminSecret }: AuthorityContext, random: string): string =>
  createHmac("sha256", recordsKey)
    .update(JSON.stringify(["admin token", random, adminSecret.configured]))
    .digest("hex")
    .slice(0, 32 - RANDOM_LENGTH)
