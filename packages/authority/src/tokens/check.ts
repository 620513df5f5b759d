import {
  type Claims,
  CoreError,
  checkClaims,
  findRevocation,
  type RevocationLevel,
  revocationProbe,
  signingKeyIds,
  verifyToken,
} from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import { type FairQueueLimits, PushedOutError } from "../fair-queue.ts"
import { requireLease } from "../lease.ts"
import { isOfPresentSecret } from "../operators/admin-token-id.ts"
import { toUnixSeconds } from "../ports/clock.ts"
import { Refusal } from "../refusal.ts"
import type { VerifiedToken } from "./verified-tokens.ts"

/** Whether a token is good; if not, why, and its claims when its signature is genuine. */
export type TokenVerdict =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly isRevoked: boolean; readonly reason: string; readonly claims?: Claims }

/**
 * Characters of the tokens that wait for their verification. A verification takes up to 3 ms, so no source may keep the
 * others from theirs.
 */
export const MAX_UNVERIFIED: FairQueueLimits = { perSource: 4 * 1024 * 1024, total: 32 * 1024 * 1024 }

/**
 * Checks everything that makes a token good (CONTRACT 2): form, signature, chain, times, issuer, audience, revocation.
 * @throws {@link Refusal} `rate_limited` when too much of this source waits to be verified; `unavailable` while this
 * broker may miss a revocation.
 */
export function checkToken(
  context: AuthorityContext,
  caller: Caller,
  token: string,
): TokenVerdict | Promise<TokenVerdict> {
  requireLease(context)
  const seen = cached(context, token)
  return seen === undefined ? checkUnseen(context, caller, token) : verdictOn(context, seen)
}

async function checkUnseen(context: AuthorityContext, { source }: Caller, token: string): Promise<TokenVerdict> {
  try {
    return verdictOn(context, await verifyInTurn(context, source, token))
  } catch (error) {
    if (error instanceof PushedOutError) throw tooManyWait()
    return { ok: false, isRevoked: false, reason: refusalReason(error) }
  }
}

function verdictOn(context: AuthorityContext, { claims, probe }: VerifiedToken): TokenVerdict {
  const now = toUnixSeconds(context.clock.now())
  try {
    const { issuer, audience } = context.settings
    checkClaims(claims, { now, ...(issuer !== "" && { issuer }), ...(audience !== undefined && { audience }) })
  } catch (error) {
    if (claims.nbf > now) context.observer.clockSkew?.()
    return { ok: false, isRevoked: false, reason: refusalReason(error), claims }
  }
  if (context.revocations.revokes(probe))
    return { ok: false, isRevoked: true, reason: revocationReason(context, claims), claims }
  if (claims.kind === "admin" && !isOfPresentSecret(context, claims.jti))
    return { ok: false, isRevoked: false, reason: "the admin secret has changed since the sign-in", claims }
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

function cached(context: AuthorityContext, token: string): VerifiedToken | undefined {
  const found = context.verifiedTokens.get(token)
  // A key may leave the ring while tokens that it signed are cached.
  return found?.keyIds.every((keyId) => context.keys.find(keyId) !== undefined) ? found : undefined
}

function verifyInTurn(context: AuthorityContext, source: string, token: string): Promise<VerifiedToken> {
  const { unverified } = context
  if (!unverified.makeRoom(source, token.length)) throw tooManyWait()
  return unverified.run(source, async () => cached(context, token) ?? verify(context, token), token.length)
}

const tooManyWait = (): Refusal =>
  new Refusal("rate_limited", { detail: "too many tokens of this address wait for verification", retryAfter: 1 })

function verify(context: AuthorityContext, token: string): VerifiedToken {
  const { claims, key } = verifyToken(token, context.keys.find)
  const verified = withProbe(claims, key.keyId)
  context.verifiedTokens.add(token, verified)
  return verified
}

function withProbe(claims: Claims, keyId: string): VerifiedToken {
  return { claims, keyIds: signingKeyIds(claims, keyId), probe: revocationProbe(claims) }
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
