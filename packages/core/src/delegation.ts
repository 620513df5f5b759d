import { canonicalJson } from "./canonical-json.ts"
import type { Claims } from "./claims.ts"
import { type DelegationRecord, isDelegationTime, parseDelegationChain } from "./delegation-record.ts"
import type { SigningKey, VerifyingKey } from "./ed25519.ts"
import { decodeHex, encodeHex, encodeUtf8 } from "./encoding.ts"
import { DelegationError } from "./errors.ts"
import { exceedingScopes } from "./scope.ts"
import { sha256OfText } from "./sha256.ts"

/** The delegator of a new record, see {@link extendChain}. */
export interface DelegationStep {
  /** The delegator's agent id. */
  readonly agent: string
  /** The scopes of the delegator's own token, not those of the delegated one. */
  readonly scope: readonly string[]
  /** As text, RFC 3339 in UTC with milliseconds. */
  readonly delegatedAt: Date | string
  /** The `jti` of the token that the delegator delegates with. */
  readonly jti: string
  /** The app that launched the delegator. Absent: an operator did. */
  readonly appId?: string | undefined
}

/** `prev` of the first record. */
const NO_CHAIN = "0".repeat(64)

/** The `chain_hash` of a chain: hex SHA-256 of the RFC 8785 form of the array (CONTRACT 2). */
export function chainHash(chain: readonly DelegationRecord[]): string {
  return hashOf(chain.map(canonicalRecord))
}

/**
 * Adds a signed record to a chain.
 * @param chain the chain of the delegator's token; empty when that was not delegated. It is neither verified nor
 * changed.
 * @returns a new chain.
 * @throws {@link DelegationError} `delegation_too_deep`, `scope_widened` when the delegator's scope is not within the
 * one before it, or `invalid_delegation`.
 */
export function extendChain(
  chain: readonly DelegationRecord[],
  step: DelegationStep,
  key: SigningKey,
): DelegationRecord[] {
  const { agent, appId, scope, jti } = step
  const from = { agent, ...(appId !== undefined && { app_id: appId }) }
  const unsigned = { ...from, scope: [...scope], delegated_at: timestampOf(step.delegatedAt), jti, kid: key.keyId }
  const prev = chain.length === 0 ? NO_CHAIN : chainHash(chain)
  const signature = encodeHex(key.sign(signedBytes(unsigned, prev)))
  const extended = parseDelegationChain([...chain, { ...unsigned, signature }])
  checkNarrowing(extended.map((record) => record.scope))
  return extended
}

/**
 * Verifies everything that CONTRACT 2 requires of a delegated token: depth, form and signature of each record, the
 * hash, and that each scope is within the one before it. A token without a chain passes.
 * @param keyOf finds the key that must have signed a record: by its `kid`. A version 1 record does not name its key: it
 * is the key of the token.
 * @throws {@link DelegationError} with the code of the first fault.
 */
export function verifyDelegation(claims: Claims, keyOf: (record: DelegationRecord) => VerifyingKey | undefined): void {
  if (claims.delegation_chain === undefined && claims.chain_hash === undefined) return
  const chain = parseDelegationChain(claims.delegation_chain)
  const canonical = chain.map(canonicalRecord)
  if (hashOf(canonical) !== claims.chain_hash) {
    throw new DelegationError("chain_hash_mismatch", "chain_hash is not the hash of the delegation chain")
  }
  checkNarrowing([...chain.map((record) => record.scope), claims.scope])
  for (const [i, record] of chain.entries()) {
    const prev = i === 0 ? NO_CHAIN : hashOf(canonical.slice(0, i))
    if (!keyOf(record)?.verify(signedBytes(record, prev), decodeHex(record.signature))) {
      throw new DelegationError(
        "bad_delegation_signature",
        `delegation record ${i + 1} has a signature that is not the broker's`,
      )
    }
  }
}

function signedBytes(record: Omit<DelegationRecord, "signature">, prev: string): Uint8Array {
  const { agent, app_id, scope, delegated_at, jti, kid } = record
  if (jti === undefined || kid === undefined)
    return encodeUtf8(canonicalJson({ v: "agentwrit-delegation-v1", agent, scope, delegated_at, prev }))
  const from = { agent, ...(app_id !== undefined && { app_id }) }
  return encodeUtf8(canonicalJson({ v: "agentwrit-delegation-v2", ...from, scope, delegated_at, jti, kid, prev }))
}

const canonicalRecord = (record: DelegationRecord): string => canonicalJson({ ...record })

// The RFC 8785 form of an array is that of its items, joined.
function hashOf(canonicalRecords: readonly string[]): string {
  return encodeHex(sha256OfText(`[${canonicalRecords.join(",")}]`))
}

function checkNarrowing(scopes: readonly (readonly string[])[]): void {
  for (const [i, scope] of scopes.entries()) {
    const allowed = scopes[i - 1]
    const [exceeding] = allowed === undefined ? [] : exceedingScopes(scope, allowed)
    if (exceeding !== undefined) {
      throw new DelegationError(
        "scope_widened",
        `scope ${exceeding} not covered by ${allowed?.join(" ")} of delegation record ${i}`,
      )
    }
  }
}

function timestampOf(delegatedAt: Date | string): string {
  const text =
    typeof delegatedAt === "string" || Number.isNaN(delegatedAt.getTime()) ? delegatedAt : delegatedAt.toISOString()
  if (!isDelegationTime(text)) {
    throw new DelegationError("invalid_delegation", "the time of a delegation is not RFC 3339 in UTC with milliseconds")
  }
  return text
}
