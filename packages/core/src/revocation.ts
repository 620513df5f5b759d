import { parseAgentId } from "./agent-id.ts"
import { appIdOf } from "./app-id.ts"
import type { Claims } from "./claims.ts"
import { encodeBase64Url } from "./encoding.ts"
import { sha256, sha256OfText } from "./sha256.ts"

/** Every level of a revocation, the narrowest first (CONTRACT 2, "revoked"). */
export const REVOCATION_LEVELS = ["token", "agent", "task", "chain", "app", "all"] as const

/**
 * The level of a revocation: one token, all tokens of an agent, all of a task, everything that was delegated from an
 * agent, everything of an app, or everything.
 */
export type RevocationLevel = (typeof REVOCATION_LEVELS)[number]

/** What a revocation names. */
export interface RevocationTarget {
  readonly level: RevocationLevel
  /** A `jti`, a `sub`, a task id, a delegator's agent id, an app id, or `*` for level `all`. */
  readonly target: string
  /** The `jti` of a token that this one was delegated from: an entry that ends that token alone does not count. */
  readonly isInherited?: true
}

/** The target of level `all`. */
export const REVOKE_ALL_TARGET = "*"

/**
 * Whether a revocation of this level has a cutoff (`before`): it covers the tokens that were issued up to then, so that
 * what is issued later is valid.
 */
export function hasCutoff(level: RevocationLevel): boolean {
  return level === "app" || level === "all"
}

/**
 * The digest that stands for a target in the list and the feed. It reveals nothing about targets that a reader does not
 * know (CONTRACT 5).
 * @returns 32 bytes: SHA-256 of `agentwrit-revocation-v1:{level}:{target}`.
 */
export function revocationDigest(level: RevocationLevel, target: string): Uint8Array {
  return sha256OfText(`agentwrit-revocation-v1:${level}:${target}`)
}

/**
 * All targets whose revocation revokes a token with these claims (CONTRACT 2, "revoked"). Each is listed once.
 * - `token`: its `jti`, and that of each token that it was delegated from;
 * - `agent`: its `sub` and every delegator;
 * - `task`: its task, and the tasks of its `sub` and of every delegator;
 * - `chain`: every delegator;
 * - `app`: the app that it belongs to, and that of every delegator;
 * - `all`: everything but an operator's token.
 */
export function revocationTargets(claims: Claims): RevocationTarget[] {
  const { jti, sub, kind, task_id, app_id, delegation_chain: chain = [] } = claims
  const delegators = chain.map(({ agent }) => agent)
  const agents = kind === "agent" ? [sub, ...delegators] : []
  return [
    { level: "token", target: jti },
    ...targetsAt(
      "token",
      chain.map((record) => record.jti),
    ).map((target) => ({ ...target, isInherited: true as const })),
    ...targetsAt("agent", [sub, ...delegators]),
    ...targetsAt("task", [task_id, ...agents.map((agent) => parseAgentId(agent).taskId)]),
    ...targetsAt("chain", delegators),
    ...targetsAt("app", [appIdOf(sub), app_id, ...chain.map((record) => record.app_id)]),
    ...targetsAt("all", kind === "admin" ? [] : [REVOKE_ALL_TARGET]),
  ]
}

function targetsAt(level: RevocationLevel, targets: readonly (string | undefined)[]): RevocationTarget[] {
  const found: RevocationTarget[] = []
  // A chain has at most five records: a search costs less than a set, which every new token would make six times.
  for (const target of targets)
    if (target !== undefined && !found.some((one) => one.target === target)) found.push({ level, target })
  return found
}

/** Something that knows what is revoked, such as a `RevocationSet`. */
export interface KnownRevocations {
  /** @param issuedAt when the token was issued, in Unix seconds. */
  isRevoked(target: RevocationTarget, issuedAt: number): boolean
}

/** The first target of {@link revocationTargets} that is revoked; `undefined` when the token is not revoked. */
export function findRevocation(claims: Claims, known: KnownRevocations): RevocationTarget | undefined {
  return revocationTargets(claims).find((target) => known.isRevoked(target, claims.iat))
}

/**
 * The digest under which a `RevocationSet` keeps that a token ends with everything that was delegated from it. It never
 * leaves the process.
 */
export function inheritedDigest(tokenDigest: Uint8Array): Uint8Array {
  return sha256(tokenDigest)
}

/** Digests of everything that revokes a token, made once for a token that is checked often. */
export interface RevocationProbe {
  /** Digests of the targets that revoke it whenever it was issued. */
  readonly digests: readonly Uint8Array[]
  /** Digests, in base64url, of the targets that revoke it when it was issued up to their cutoff. */
  readonly cutoffDigests: readonly string[]
  /** When it was issued, in Unix seconds. */
  readonly issuedAt: number
}

/** Makes the probe of a token, see `RevocationSet.revokes`. */
export function revocationProbe(claims: Claims): RevocationProbe {
  const digests: Uint8Array[] = []
  const cutoffDigests: string[] = []
  for (const { level, target, isInherited } of revocationTargets(claims)) {
    const digest = revocationDigest(level, target)
    if (hasCutoff(level)) cutoffDigests.push(encodeBase64Url(digest))
    else digests.push(isInherited ? inheritedDigest(digest) : digest)
  }
  return { digests, cutoffDigests, issuedAt: claims.iat }
}
