import {
  type Claims,
  CoreError,
  checkClaims,
  findRevocation,
  type RevocationLevel,
  revocationProbe,
  verifyToken,
} from "@agentwrit/core"
import type { AuthorityContext } from "../context.ts"
import { toUnixSeconds } from "../ports/clock.ts"
import type { VerifiedToken } from "./verified-tokens.ts"

/** Whether a token is good; if not, why, and its claims when its signature is genuine. */
export type TokenVerdict =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly isRevoked: boolean; readonly reason: string; readonly claims?: Claims }

/**
 * Checks everything that makes a token good (CONTRACT 2): form, signature, chain, times, issuer, audience, revocation.
 */
export function checkToken(context: AuthorityContext, token: string): TokenVerdict {
  let verified: VerifiedToken
  try {
    verified = verify(context, token)
  } catch (error) {
    return { ok: false, isRevoked: false, reason: refusalReason(error) }
  }
  const { claims } = verified
  const now = toUnixSeconds(context.clock.now())
  try {
    const { issuer, audience } = context.settings
    checkClaims(claims, { now, ...(issuer !== "" && { issuer }), ...(audience !== undefined && { audience }) })
  } catch (error) {
    if (claims.nbf > now) context.observer.clockSkew?.()
    return { ok: false, isRevoked: false, reason: refusalReason(error), claims }
  }
  if (context.revocations.revokes(verified.probe))
    return { ok: false, isRevoked: true, reason: revocationReason(context, claims), claims }
  return { ok: true, claims }
}

/** Caches a token that was just signed, so that its first use costs no verification. */
export function cacheSigned(context: AuthorityContext, token: string, claims: Claims, keyId: string): void {
  context.verifiedTokens.add(token, withProbe(claims, keyId))
}

/** Whether that target is revoked at that level, for what is issued now. */
export function isRevoked(context: AuthorityContext, level: RevocationLevel, target: string): boolean {
  return context.revocations.isRevoked({ level, target }, toUnixSeconds(context.clock.now()))
}

function verify(context: AuthorityContext, token: string): VerifiedToken {
  const cached = context.verifiedTokens.get(token)
  // A key may leave the ring while tokens that it signed are cached.
  if (cached !== undefined && context.keys.find(cached.keyId) !== undefined) return cached
  const { claims, key } = verifyToken(token, context.keys.find)
  const verified = withProbe(claims, key.keyId)
  context.verifiedTokens.add(token, verified)
  return verified
}

function withProbe(claims: Claims, keyId: string): VerifiedToken {
  return { claims, keyId, probe: revocationProbe(claims) }
}

function revocationReason({ revocations }: AuthorityContext, claims: Claims): string {
  const found = findRevocation(claims, revocations)
  return found === undefined ? "token is revoked" : `token is revoked at level ${found.level}: ${found.target}`
}

/** Why core refused; rethrows every other error, which is a bug. */
function refusalReason(error: unknown): string {
  if (error instanceof CoreError) return error.message
  throw error
}
