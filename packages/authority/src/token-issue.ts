import { randomBytes } from "node:crypto"
import { type Claims, signToken, type TokenKind } from "@agentwrit/core"
import { toUnixSeconds } from "./clock.ts"
import type { AuthorityContext } from "./context.ts"
import { rememberSigned } from "./token-check.ts"

/** What a new token says, times and names of the broker's own aside. */
export interface TokenContents {
  readonly sub: string
  readonly kind: TokenKind
  readonly scope: readonly string[]
  /** Seconds. */
  readonly ttl: number
  readonly taskId?: string
  readonly orchId?: string
}

/** Claims of a token that is not signed yet: they are what the commit records, and the signature follows it. */
export function prepareClaims(context: AuthorityContext, contents: TokenContents): Claims {
  const { issuer, audience } = context.settings
  const now = toUnixSeconds(context.clock.now())
  return {
    iss: issuer,
    sub: contents.sub,
    ...(audience !== undefined && { aud: [audience] }),
    exp: now + contents.ttl,
    nbf: now,
    iat: now,
    jti: randomBytes(16).toString("hex"),
    kind: contents.kind,
    scope: [...contents.scope],
    ...(contents.taskId !== undefined && { task_id: contents.taskId }),
    ...(contents.orchId !== undefined && { orch_id: contents.orchId }),
  }
}

/** Signs claims, and remembers the token as verified. */
export function issueToken(context: AuthorityContext, claims: Claims): string {
  const token = signToken(claims, context.signingKey)
  rememberSigned(context, token, claims)
  return token
}

/** What every sign-in, registration and renewal answers. */
export interface IssuedToken {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
}
