import { type Claims, chainHash, type DelegationRecord, signToken, TokenError, type TokenKind } from "@agentwrit/core"
import { toUnixSeconds } from "./clock.ts"
import type { AuthorityContext } from "./context.ts"
import { Refusal } from "./refusal.ts"
import { rememberSigned } from "./token-check.ts"
import { uniqueHex } from "./unique-hex.ts"

/** What a new token says, times and names of the broker's own aside. */
export interface TokenContents {
  readonly sub: string
  readonly kind: TokenKind
  readonly scope: readonly string[]
  /** Seconds. */
  readonly ttl: number
  /** Unix seconds that it must not outlive, whatever the TTL. */
  readonly notAfter?: number
  readonly taskId?: string
  readonly orchId?: string
  /** The delegations that led to it. */
  readonly delegationChain?: DelegationRecord[]
}

/** A signed token that nobody may have before the commit that records it. */
export interface PreparedToken {
  readonly claims: Claims
  readonly token: string
}

/** Seconds that no token outlives, also without a ceiling: its end must stay an instant that every reader can write down. */
export const LONGEST_TTL: number = 100 * 366 * 86_400

/**
 * Makes and signs a token. It is signed before the commit, because what cannot be signed must not be committed; hand it out with
 * {@link issueToken} after the commit.
 * @throws {@link Refusal} `invalid_request` when its scope makes it longer than a token may be.
 */
export function prepareToken(context: AuthorityContext, contents: TokenContents): PreparedToken {
  const claims = claimsOf(context, contents)
  try {
    return { claims, token: signToken(claims, context.signingKey) }
  } catch (error) {
    if (!(error instanceof TokenError) || error.code !== "token_too_long") throw error
    throw new Refusal("invalid_request", {
      detail: "the scope is too long for a token: ask for fewer or shorter scopes",
    })
  }
}

/** As {@link prepareToken}, for use cases that must write the refusal to the trail. */
export function signOrRefuse(context: AuthorityContext, contents: TokenContents): PreparedToken | Refusal {
  try {
    return prepareToken(context, contents)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
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
    jti: uniqueHex(16),
    kind: contents.kind,
    scope: [...contents.scope],
    ...(contents.taskId !== undefined && { task_id: contents.taskId }),
    ...(contents.orchId !== undefined && { orch_id: contents.orchId }),
    ...(contents.delegationChain !== undefined && {
      delegation_chain: contents.delegationChain,
      chain_hash: chainHash(contents.delegationChain),
    }),
  }
}

/** The token to hand out once its commit is on disk; its first use then costs no verification. */
export function issueToken(context: AuthorityContext, { claims, token }: PreparedToken): string {
  rememberSigned(context, token, claims)
  context.observer.tokenIssued?.(claims)
  return token
}

/** What every sign-in, registration and renewal answers. */
export interface IssuedToken {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
}
