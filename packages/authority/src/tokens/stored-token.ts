import { type Claims, revocationTargets } from "@agentwrit/core"
import type { StoredToken } from "../ports/records.ts"

/** What the store keeps of an issued token that is not an agent's own: its life, and what would end it before. */
export function storedToken(claims: Claims): StoredToken {
  const { jti, iat, exp } = claims
  const others = revocationTargets(claims).filter(({ target }) => target !== jti)
  const revokedBy = others.map(({ level, target }) => `${level}:${target}`)
  return { jti, issuedAt: iat * 1000, expiresAt: exp * 1000, revokedBy }
}
