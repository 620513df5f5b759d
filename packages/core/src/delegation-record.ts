import { isAgentId } from "./agent-id.ts"
import { isAppId } from "./app-id.ts"
import { DelegationError } from "./errors.ts"
import { isScope } from "./scope.ts"

/**
 * One record of a delegation chain, with its signed names (CONTRACT 2, "Delegation record"). Brokers before 2.1 wrote
 * version 1, which has no `app_id`, `jti` and `kid`.
 */
export interface DelegationRecord {
  /** The delegator's agent id. */
  agent: string
  /** The scopes that the delegator held. */
  scope: string[]
  /** RFC 3339 in UTC with milliseconds. */
  delegated_at: string
  /** The `jti` of the token that the delegator delegated with. */
  jti?: string
  /** The app that launched the delegator; absent when an operator did. */
  app_id?: string
  /** Id of the broker's key that signed the record. In a version 1 record it is the key of the token. */
  kid?: string
  /** 128 lower-case hex characters: the broker's Ed25519 signature. */
  signature: string
}

const MEMBERS = ["agent", "app_id", "scope", "delegated_at", "jti", "kid", "signature"]

/** How many records a chain may have. */
export const MAX_DELEGATION_DEPTH = 5

const SIGNATURE = /^[0-9a-f]{128}$/
const JTI = /^[0-9a-f]{32}$/
const KEY_ID = /^[A-Za-z0-9_-]{43}$/
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
  const record = value as Readonly<Partial<Record<keyof DelegationRecord, unknown>>>
  const { agent, scope, delegated_at, jti, app_id, kid, signature } = record
  const isFirstVersion = jti === undefined && kid === undefined && app_id === undefined
  // The chain's hash covers every member, so unknown members cannot be ignored.
  const unknown = Object.keys(value).find((name) => !MEMBERS.includes(name))
  if (unknown !== undefined) throw fault("has a member that is not one of a delegation record")
  if (!isAgentId(agent)) throw fault("has an agent that is not an agent id")
  if (!Array.isArray(scope) || scope.length === 0 || !scope.every(isScope))
    throw fault("has a scope that is not an array of scopes")
  if (!isDelegationTime(delegated_at)) throw fault("has a delegated_at that is not RFC 3339 in UTC with milliseconds")
  if (typeof signature !== "string" || !SIGNATURE.test(signature))
    throw fault("has a signature that is not 128 lower-case hex characters")
  if (isFirstVersion) return { agent, scope: [...scope], delegated_at, signature }
  if (typeof jti !== "string" || !JTI.test(jti)) throw fault("has a jti that is not 32 lower-case hex characters")
  if (app_id !== undefined && !isAppId(app_id)) throw fault("has an app_id that is not an app id")
  if (typeof kid !== "string" || !KEY_ID.test(kid)) throw fault("has a kid that is not a key id")
  const from = { agent, ...(app_id !== undefined && { app_id }) }
  return { ...from, scope: [...scope], delegated_at, jti, kid, signature }
}

function invalid(message: string): DelegationError {
  return new DelegationError("invalid_delegation", message)
}
