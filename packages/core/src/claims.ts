import { isPathSegment, readAgentId } from "./agent-id.ts"
import { appIdOf, isAppId } from "./app-id.ts"
import { type DelegationRecord, parseDelegationChain } from "./delegation-record.ts"
import { ClaimsError } from "./errors.ts"
import { isScope, scopeFault } from "./scope.ts"

/** The kind of a token's subject. A route checks the kind first and the scope second (CONTRACT 2, "Kinds"). */
export type TokenKind = "admin" | "app" | "agent"

/** The claims of a token, with their signed names (RFC 7519 section 4.1, CONTRACT 2). */
export interface Claims {
  /** Issuer; empty when the broker names none. */
  iss: string
  /** `admin`, `app:{app_id}` or an agent id. */
  sub: string
  /** Audience; absent when the broker names none. */
  aud?: string[]
  /** Unix seconds. The token is invalid from then on. */
  exp: number
  /** Unix seconds. The token is valid from then on. */
  nbf: number
  /** Unix seconds at which it was issued. */
  iat: number
  /** 32 lower-case hex characters. */
  jti: string
  kind: TokenKind
  /** Session id; its meaning is up to the issuer. */
  sid?: string
  /** The scopes that it grants, at least one. */
  scope: string[]
  /** Agents only: the task. On a delegated token it is the delegator's. */
  task_id?: string
  /** Agents only: the orchestrator. On a delegated token it is the delegator's. */
  orch_id?: string
  /** Agents only: the app that launched the agent; absent when an operator did. */
  app_id?: string
  /** Agents only: the key that the token is bound to (RFC 9449 section 6.1). Absent: a bearer token. */
  cnf?: Confirmation
  /** Delegated tokens only: the delegators, oldest first. */
  delegation_chain?: DelegationRecord[]
  /** Delegated tokens only: hex SHA-256 of the chain. */
  chain_hash?: string
}

/** The key that a token is bound to (RFC 7800 section 3.1, RFC 9449 section 6.1). */
export interface Confirmation {
  /** The RFC 7638 thumbprint of the key that the agent registered with: 43 base64url characters. */
  jkt: string
}

/** What {@link checkClaims} expects. */
export interface ClaimsExpectations {
  /** Unix seconds; may have a fraction. */
  readonly now: number
  /** Absent: any issuer. */
  readonly issuer?: string | undefined
  /** Must be in `aud`. Absent: any audience. */
  readonly audience?: string | undefined
  /** Seconds by which `nbf` may lie ahead of `now`, because clocks differ. Default 0, as in the broker. */
  readonly clockTolerance?: number | undefined
}

const JTI = /^[0-9a-f]{32}$/
const CHAIN_HASH = /^[0-9a-f]{64}$/
const THUMBPRINT = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/

/**
 * Parses claims and checks the form of each (CONTRACT 2). Unknown claims are left out of the result.
 * @returns a copy with its members in a fixed order.
 * @throws {@link ClaimsError} `invalid_claims`, which names the claim.
 */
export function parseClaims(value: unknown): Claims {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("claims are not a JSON object")
  const given = value as Readonly<Partial<Record<keyof Claims, unknown>>>
  const kind = parseKind(given.kind)
  const claims: Claims = {
    iss: parseText("iss", given.iss),
    sub: parseText("sub", given.sub),
    ...(given.aud !== undefined && { aud: parseAudience(given.aud) }),
    exp: parseTime("exp", given.exp),
    nbf: parseTime("nbf", given.nbf),
    iat: parseTime("iat", given.iat),
    jti: parsePattern("jti", given.jti, JTI, "32 lower-case hex characters"),
    kind,
    ...(given.sid !== undefined && { sid: parseFilledText("sid", given.sid) }),
    scope: parseScopes(given.scope),
    ...(given.task_id !== undefined && { task_id: parseSegment("task_id", given.task_id) }),
    ...(given.orch_id !== undefined && { orch_id: parseSegment("orch_id", given.orch_id) }),
    ...(given.app_id !== undefined && { app_id: parseAppId(given.app_id) }),
    ...(given.cnf !== undefined && { cnf: parseConfirmation(given.cnf) }),
    ...(given.delegation_chain !== undefined && {
      delegation_chain: parseDelegationChain(given.delegation_chain),
    }),
    ...(given.chain_hash !== undefined && {
      chain_hash: parsePattern("chain_hash", given.chain_hash, CHAIN_HASH, "64 lower-case hex characters"),
    }),
  }
  if ((claims.delegation_chain === undefined) !== (claims.chain_hash === undefined)) {
    throw invalid("claims delegation_chain and chain_hash must be both present or both absent")
  }
  if (kind === "agent") checkAgent(claims)
  else checkOther(claims)
  return claims
}

/**
 * Checks that `nbf` <= now < `exp`, and the issuer and audience where they are expected. The tolerance is for `nbf`
 * alone: a token is refused from `exp` on (CONTRACT 5).
 * @throws {@link ClaimsError} `token_expired`, `token_not_yet_valid`, `issuer_mismatch` or `audience_mismatch`.
 */
export function checkClaims(claims: Claims, expected: ClaimsExpectations): void {
  const { now, issuer, audience, clockTolerance = 0 } = expected
  // With NaN every comparison would be false, and every token valid.
  if (!Number.isFinite(now)) throw new TypeError("now must be a number of Unix seconds")
  if (!(clockTolerance >= 0 && Number.isFinite(clockTolerance)))
    throw new TypeError("clockTolerance must be a number of seconds, 0 or more")
  if (now >= claims.exp) {
    throw new ClaimsError("token_expired", `token expired ${Math.floor(now - claims.exp)} s ago`)
  }
  if (now < claims.nbf - clockTolerance) {
    throw new ClaimsError("token_not_yet_valid", `token is not valid for another ${Math.ceil(claims.nbf - now)} s`)
  }
  if (issuer !== undefined && claims.iss !== issuer) {
    throw new ClaimsError(
      "issuer_mismatch",
      `token issuer ${JSON.stringify(claims.iss)} is not ${JSON.stringify(issuer)}`,
    )
  }
  if (audience !== undefined && !claims.aud?.includes(audience)) {
    const found = claims.aud === undefined ? "absent" : JSON.stringify(claims.aud)
    throw new ClaimsError("audience_mismatch", `token audience ${found} does not name ${JSON.stringify(audience)}`)
  }
}

function checkAgent(claims: Claims): void {
  const id = readAgentId(claims.sub)
  if (id === undefined) throw invalid("claim sub of an agent is not an agent id")
  if (claims.task_id === undefined || claims.orch_id === undefined)
    throw invalid("claims task_id and orch_id are missing")
  // A delegated token carries the task of its delegator. Only an agent's own token must carry the task of its sub.
  if (claims.delegation_chain !== undefined) return
  if (id.orchId !== claims.orch_id || id.taskId !== claims.task_id)
    throw invalid("claims task_id and orch_id differ from those in sub")
}

function checkOther(claims: Claims): void {
  const isRightSubject = claims.kind === "admin" ? claims.sub === "admin" : appIdOf(claims.sub) !== undefined
  if (!isRightSubject) throw invalid(`claim sub does not fit kind ${claims.kind}`)
  const found = AGENT_CLAIMS.find((name) => claims[name] !== undefined)
  if (found !== undefined) throw invalid(`claim ${found} is for agents, not for kind ${claims.kind}`)
}

const AGENT_CLAIMS = ["task_id", "orch_id", "app_id", "cnf", "delegation_chain"] as const

function parseKind(value: unknown): TokenKind {
  if (value !== "admin" && value !== "app" && value !== "agent") throw invalid("claim kind is not admin, app or agent")
  return value
}

function parseText(name: string, value: unknown): string {
  if (typeof value !== "string" || !value.isWellFormed()) throw invalid(`claim ${name} is not a string`)
  return value
}

function parseFilledText(name: string, value: unknown): string {
  const text = parseText(name, value)
  if (text === "") throw invalid(`claim ${name} is empty`)
  return text
}

function parseTime(name: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw invalid(`claim ${name} is not whole Unix seconds`)
  return value
}

function parsePattern(name: string, value: unknown, pattern: RegExp, form: string): string {
  if (typeof value !== "string" || !pattern.test(value)) throw invalid(`claim ${name} is not ${form}`)
  return value
}

function parseAppId(value: unknown): string {
  if (!isAppId(value)) throw invalid("claim app_id is not an app id")
  return value
}

function parseConfirmation(value: unknown): Confirmation {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid("claim cnf is not a JSON object")
  const { jkt } = value as Readonly<Partial<Record<keyof Confirmation, unknown>>>
  return { jkt: parsePattern("cnf.jkt", jkt, THUMBPRINT, "the thumbprint of a key") }
}

function parseSegment(name: string, value: unknown): string {
  if (!isPathSegment(value)) throw invalid(`claim ${name} is not a SPIFFE path segment`)
  return value
}

function parseAudience(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) throw invalid("claim aud is not an array with at least one member")
  const audience: string[] = []
  for (const member of value as unknown[]) audience.push(parseFilledText("aud", member))
  return audience
}

function parseScopes(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) throw invalid("claim scope is not an array with at least one scope")
  const scopes: string[] = []
  for (const member of value as unknown[]) {
    if (!isScope(member)) throw invalidScope(member, scopes.length + 1)
    scopes.push(member)
  }
  return scopes
}

function invalidScope(member: unknown, position: number): ClaimsError {
  const cause = scopeFault(member)
  return new ClaimsError("invalid_claims", `claim scope, member ${position}: ${cause.message}`, { cause })
}

function invalid(message: string): ClaimsError {
  return new ClaimsError("invalid_claims", message)
}
