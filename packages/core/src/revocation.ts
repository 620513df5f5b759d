import type { Claims } from "./claims.ts"
import { sha256OfText } from "./sha256.ts"

/** The level of a revocation: one token, all tokens of a subject, all of a task, or everything that was delegated from an agent. */
export type RevocationLevel = "token" | "agent" | "task" | "chain"

/** What a revocation names. */
export interface RevocationTarget {
  readonly level: RevocationLevel
  /** A `jti`, a `sub`, a `task_id`, or a delegator's agent id. */
  readonly target: string
}

/**
 * The digest that stands for a target in the list and the feed. It reveals nothing about targets that a reader does not know
 * (CONTRACT 5).
 * @returns 32 bytes: SHA-256 of `agentwrit-revocation-v1:{level}:{target}`.
 */
export function revocationDigest(level: RevocationLevel, target: string): Uint8Array {
  return sha256OfText(`agentwrit-revocation-v1:${level}:${target}`)
}

/**
 * All targets whose revocation revokes a token with these claims (CONTRACT 2): its `jti`; its `sub` and every delegator as agents; its
 * task; and every delegator's chain. Each is listed once.
 */
export function revocationTargets(claims: Claims): RevocationTarget[] {
  const { jti, sub, task_id, delegation_chain: chain = [] } = claims
  const targets: RevocationTarget[] = [
    { level: "token", target: jti },
    { level: "agent", target: sub },
  ]
  const delegators = new Set(chain.map((record) => record.agent))
  for (const target of delegators) if (target !== sub) targets.push({ level: "agent", target })
  if (task_id !== undefined) targets.push({ level: "task", target: task_id })
  for (const target of delegators) targets.push({ level: "chain", target })
  return targets
}

/** The first target of {@link revocationTargets} that is revoked; `undefined` when the token is not revoked. */
export function findRevocation(
  claims: Claims,
  has: (level: RevocationLevel, target: string) => boolean,
): RevocationTarget | undefined {
  return revocationTargets(claims).find(({ level, target }) => has(level, target))
}
