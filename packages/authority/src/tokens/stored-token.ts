import { type Claims, revocationTargets } from "@agentwrit/core"
import type { StoredToken } from "../ports/records.ts"

/** What the store keeps of an issued token that is not an agent's own: when it ends, and what would end it before. */
export function storedToken(claims: Claims): StoredToken {
  const { jti, exp } = claims
  const others = revocationTargets(claims).filter(({ target }) => target !== jti)
  return { jti, expiresAt: exp * 1000, revokedBy: others.map(({ level, target }) => `${level}:${target}`) }
}
