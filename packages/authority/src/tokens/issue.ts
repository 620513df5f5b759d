import {
  type Claims,
  chainHash,
  type DelegationRecord,
  isReservedScope,
  revocationTargets,
  signToken,
  TokenError,
  type TokenKind,
} from "@agentwrit/core"
import type { AuthorityContext } from "../context.ts"
import { requireLease } from "../lease.ts"
import { toUnixSeconds } from "../ports/clock.ts"
import { Refusal } from "../refusal.ts"
import { requireAfterCutoffs } from "../revocation/cutoff.ts"
import { uniqueHex } from "../unique-hex.ts"
import { cacheSigned } from "./check.ts"

/** The claims of a new token that its use case decides. */
export interface TokenContents {
  readonly sub: string
  readonly kind: TokenKind
  readonly scope: readonly string[]
  /** Seconds. */
  readonly ttl: number
  /** Latest expiry in Unix seconds, whatever the TTL. */
  readonly notAfter?: number | undefined
  readonly taskId?: string | undefined
  readonly orchId?: string | undefined
  /** The app that launched the agent. */
  readonly appId?: string | undefined
  /** Thumbprint of the key that the token is bound to. Absent: a bearer token. */
  readonly jkt?: string | undefined
  readonly delegationChain?: DelegationRecord[]
  /** Default: random. */
  readonly jti?: string
}

/** A signed token. Nobody may see it before the commit that records it. */
export interface PreparedToken {
  readonly claims: Claims
  readonly token: string
  /** Id of the key that signed it. */
  readonly keyId: string
}

/** What every sign-in, registration and renewal answers. */
export interface IssuedToken {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
}

/** Longest life of a token in seconds, also without a ceiling: every reader must be able to represent its expiry. */
export const MAX_TOKEN_TTL: number = 100 * 366 * 86_400

/**
 * Makes and signs a token. Sign before the commit, because a token that cannot be signed must not be committed; call
 * {@link issueToken} after it.
 * @throws {@link Refusal} `invalid_request` when its scope makes the token too long; `unavailable` in the second of a
 * revocation whose cutoff would cover it; `scope_violation` for an agent's token with a reserved scope.
 */
export function prepareToken(context: AuthorityContext, contents: TokenContents): PreparedToken {
  requireLease(context)
  requireUnreserved(contents)
  const claims = claimsOf(context, contents)
  if (context.revocations.hasCutoffs || context.pendingCutoffs.size > 0)
    requireAfterCutoffs(context, revocationTargets(claims), claims.iat)
  const key = context.keys.current
  try {
    const token = signToken(claims, key)
    context.keys.signed(key.keyId, claims.exp)
    return { claims, token, keyId: key.keyId }
  } catch (error) {
    if (!(error instanceof TokenError) || error.code !== "token_too_long") throw error
    throw new Refusal("invalid_request", {
      detail: "the scope is too long for a token: ask for fewer or shorter scopes",
    })
  }
}

/**
 * No agent holds a reserved scope, whatever a launch token, a ceiling or an older token says (CONTRACT 2, "Reserved").
 */
function requireUnreserved({ kind, scope }: TokenContents): void {
  const reserved = kind === "agent" ? scope.find(isReservedScope) : undefined
  if (reserved !== undefined)
    throw new Refusal("scope_violation", {
      detail: "the scope names a reserved action (admin, app)",
      reason: `scope ${reserved} is reserved`,
    })
}

/** Characters from which a token's event warns of its size: many proxies take 8 KB a header, some 4. */
const LARGE_TOKEN_LENGTH = 4096

/** What the event of an issued token says of its size; nothing of an ordinary one. */
export const sizeWarning = ({ token }: PreparedToken): string =>
  token.length <= LARGE_TOKEN_LENGTH
    ? ""
    : `; warning: the token has ${token.length} bytes, and proxies may refuse such a header`

/** The token, for the answer. Call it once its commit is on disk. */
export function issueToken(context: AuthorityContext, { claims, token, keyId }: PreparedToken): string {
  cacheSigned(context, token, claims, keyId)
  context.observer.tokenIssued?.(claims)
  return token
}

function claimsOf(context: AuthorityContext, contents: TokenContents): Claims {
  const { issuer, audience } = context.settings
  const now = toUnixSeconds(context.clock.now())
  return {
    iss: issuer,
    sub: contents.sub,
    ...(audience !== undefined && { aud: [audience] }),
    exp: Math.min(now + contents.ttl, contents.notAfter ?? Number.MAX_SAFE_INTEGER),
    nbf: now,
    iat: now,
    jti: contents.jti ?? uniqueHex(16),
    kind: contents.kind,
    scope: [...contents.scope],
    ...(contents.taskId !== undefined && { task_id: contents.taskId }),
    ...(contents.orchId !== undefined && { orch_id: contents.orchId }),
    ...(contents.appId !== undefined && { app_id: contents.appId }),
    ...(contents.jkt !== undefined && { cnf: { jkt: contents.jkt } }),
    ...(contents.delegationChain !== undefined && {
      delegation_chain: contents.delegationChain,
      chain_hash: chainHash(contents.delegationChain),
    }),
  }
}
