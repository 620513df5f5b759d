import {
  type Claims,
  CoreError,
  checkClaims,
  findRevocation,
  type RevocationLevel,
  revocationDigest,
  revocationTargets,
  verifyToken,
} from "@agentwrit/core"
import { toUnixSeconds } from "./clock.ts"
import type { AuthorityContext } from "./context.ts"
import type { VerifiedToken } from "./verified-tokens.ts"

/** The verdict on a token: good, or why not, with the claims whenever its signature was genuine. */
export type TokenVerdict =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly revoked: boolean; readonly reason: string; readonly claims?: Claims }

/** Checks everything that makes a token good (CONTRACT 2): form, signature, chain, times, issuer, audience, revocation. */
export function checkToken(context: AuthorityContext, token: string): TokenVerdict {
  let verified: VerifiedToken
  try {
    verified = verifyOnce(context, token)
  } catch (error) {
    return { ok: false, revoked: false, reason: messageOf(error) }
  }
  const { claims } = verified
  const now = toUnixSeconds(context.clock.now())
  try {
    const { issuer, audience } = context.settings
    checkClaims(claims, { now, ...(issuer !== "" && { issuer }), ...(audience !== undefined && { audience }) })
  } catch (error) {
    if (claims.nbf > now) context.observer.clockSkew?.()
    return { ok: false, revoked: false, reason: messageOf(error), claims }
  }
  if (verified.revocationDigests.some((digest) => context.revocations.has(digest)))
    return { ok: false, revoked: true, reason: revocationReason(context, claims), claims }
  return { ok: true, claims }
}

/** Remembers a token that was just signed, so that its first use costs no verification. */
export function rememberSigned(context: AuthorityContext, token: string, claims: Claims): void {
  context.verifiedTokens.remember(token, withDigests(claims))
}

/** Whether that target is listed as revoked at that level. */
export function isListed(context: AuthorityContext, level: RevocationLevel, target: string): boolean {
  return context.revocations.has(revocationDigest(level, target))
}

function verifyOnce(context: AuthorityContext, token: string): VerifiedToken {
  const known = context.verifiedTokens.get(token)
  if (known !== undefined) return known
  const { claims } = verifyToken(token, (keyId) =>
    keyId === context.signingKey.keyId ? context.signingKey : undefined,
  )
  const verified = withDigests(claims)
  context.verifiedTokens.remember(token, verified)
  return verified
}

function withDigests(claims: Claims): VerifiedToken {
  return {
    claims,
    revocationDigests: revocationTargets(claims).map(({ level, target }) => revocationDigest(level, target)),
  }
}

function revocationReason(context: AuthorityContext, claims: Claims): string {
  const hit = findRevocation(claims, (level, target) => isListed(context, level, target))
  return hit === undefined ? "token is revoked" : `token is revoked at level ${hit.level}: ${hit.target}`
}

function messageOf(error: unknown): string {
  if (error instanceof CoreError) return error.message
  throw error
}
