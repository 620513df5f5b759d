import { isAgentId } from "./agent-id.ts"
import { DelegationError } from "./errors.ts"
import { isScope } from "./scope.ts"

/** One record of a delegation chain, with its signed names (CONTRACT 2, "Delegation record"). */
export interface DelegationRecord {
  /** The delegator's agent id. */
  agent: string
  /** The scopes that the delegator held. */
  scope: string[]
  /** RFC 3339 in UTC with milliseconds. */
  delegated_at: string
  /** 128 lower-case hex characters: the broker's Ed25519 signature. */
  signature: string
}

/** How many records a chain may have. */
export const MAX_DELEGATION_DEPTH = 5

const SIGNATURE = /^[0-9a-f]{128}$/
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/**
 * Parses a delegation chain and checks the form of each record. `verifyDelegation` checks hash, scopes and signatures.
 * @returns a copy.
 * @throws {@link DelegationError} `invalid_delegation`, or `delegation_too_deep` beyond {@link MAX_DELEGATION_DEPTH}.
 */
export function parseDelegationChain(value: unknown): DelegationRecord[] {
  if (!Array.isArray(value) || value.length === 0)
    throw invalid("delegation chain is not an array with at least one record")
  if (value.length > MAX_DELEGATION_DEPTH) {
    const fault = `delegation chain has ${value.length} records, more than ${MAX_DELEGATION_DEPTH}`
    throw new DelegationError("delegation_too_deep", fault)
  }
  return Array.from(value as unknown[], (record, i) => parseRecord(record, i + 1))
}

/** Whether a text is a time of a delegation record: RFC 3339 in UTC with milliseconds, and a date that exists. */
export function isDelegationTime(text: unknown): text is string {
  if (typeof text !== "string" || !TIMESTAMP.test(text)) return false
  const time = new Date(text)
  return !Number.isNaN(time.getTime()) && time.toISOString() === text
}

function parseRecord(value: unknown, position: number): DelegationRecord {
  const fault = (text: string): DelegationError => invalid(`delegation record ${position} ${text}`)
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw fault("is not a JSON object")
  // The chain's hash covers every member, so unknown members cannot be ignored.
  if (Object.keys(value).length !== 4) throw fault("does not have exactly agent, scope, delegated_at and signature")
  const { agent, scope, delegated_at, signature } = value as Readonly<Record<keyof DelegationRecord, unknown>>
  if (!isAgentId(agent)) throw fault("has an agent that is not an agent id")
  if (!Array.isArray(scope) || scope.length === 0 || !scope.every(isScope))
    throw fault("has a scope that is not an array of scopes")
  if (!isDelegationTime(delegated_at)) throw fault("has a delegated_at that is not RFC 3339 in UTC with milliseconds")
  if (typeof signature !== "string" || !SIGNATURE.test(signature))
    throw fault("has a signature that is not 128 lower-case hex characters")
  return { agent, scope: [...scope], delegated_at, signature }
}

function invalid(message: string): DelegationError {
  return new DelegationError("invalid_delegation", message)
}
