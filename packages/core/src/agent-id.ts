import { AgentIdError } from "./errors.ts"

/** The parts of an agent id (CONTRACT 2). */
export interface AgentId {
  /** SPIFFE trust domain: lower-case letters, digits, `.`, `-`, `_`. */
  readonly trustDomain: string
  readonly orchId: string
  readonly taskId: string
  /** 16 lower-case hex characters, drawn at random for each registration. */
  readonly instance: string
}

/** Longest agent id, in bytes (SPIFFE-ID 2.3). */
export const MAX_AGENT_ID_LENGTH = 2048
const MAX_TRUST_DOMAIN_LENGTH = 255

const TRUST_DOMAIN = /^[a-z0-9._-]+$/
const SEGMENT = /^[A-Za-z0-9._-]+$/
const INSTANCE = /^[0-9a-f]{16}$/

/**
 * Writes `spiffe://{trust domain}/agent/{orch_id}/{task_id}/{instance}`.
 * @throws {@link AgentIdError} `invalid_agent_id` when a part cannot stand there, or the whole is longer than 2048 bytes.
 */
export function formatAgentId(id: AgentId): string {
  if (!isTrustDomain(id.trustDomain))
    throw invalid("has a trust domain that is not 1 to 255 of a-z, 0-9, '.', '-' and '_'")
  if (!isPathSegment(id.orchId)) throw invalid(`has an orch_id that ${SEGMENT_RULE}`)
  if (!isPathSegment(id.taskId)) throw invalid(`has a task_id that ${SEGMENT_RULE}`)
  if (!INSTANCE.test(id.instance)) throw invalid("has an instance that is not 16 lower-case hex characters")
  const text = `spiffe://${id.trustDomain}/agent/${id.orchId}/${id.taskId}/${id.instance}`
  if (text.length > MAX_AGENT_ID_LENGTH) throw invalid(`is longer than ${MAX_AGENT_ID_LENGTH} bytes`)
  return text
}

/**
 * Reads an agent id; the one spelling that {@link formatAgentId} writes is the only one accepted.
 * @throws {@link AgentIdError} `invalid_agent_id`. The message does not repeat the text.
 */
export function parseAgentId(text: string): AgentId {
  if (typeof text !== "string") throw invalid("is not a string")
  if (text.length > MAX_AGENT_ID_LENGTH) throw invalid(`is longer than ${MAX_AGENT_ID_LENGTH} bytes`)
  const id = partsOf(text)
  if (id === undefined) throw invalid(FORM)
  formatAgentId(id)
  return id
}

/** Whether `text` is an agent id that {@link parseAgentId} reads. */
export function isAgentId(text: unknown): text is string {
  if (typeof text !== "string" || text.length > MAX_AGENT_ID_LENGTH) return false
  const id = partsOf(text)
  return (
    id !== undefined &&
    isTrustDomain(id.trustDomain) &&
    isPathSegment(id.orchId) &&
    isPathSegment(id.taskId) &&
    INSTANCE.test(id.instance)
  )
}

function partsOf(text: string): AgentId | undefined {
  const parts = /^spiffe:\/\/([^/]*)\/agent\/([^/]*)\/([^/]*)\/([^/]*)$/.exec(text)
  if (parts === null) return undefined
  const [, trustDomain = "", orchId = "", taskId = "", instance = ""] = parts
  return { trustDomain, orchId, taskId, instance }
}

/** Whether `text` can be the trust domain of an agent id (SPIFFE-ID 2.1). */
export function isTrustDomain(text: unknown): text is string {
  return typeof text === "string" && text.length <= MAX_TRUST_DOMAIN_LENGTH && TRUST_DOMAIN.test(text)
}

/** Whether `text` can be a segment of an agent id's path, such as an `orch_id` or a `task_id` (SPIFFE-ID 2.2). */
export function isPathSegment(text: unknown): text is string {
  return (
    typeof text === "string" &&
    text.length <= MAX_AGENT_ID_LENGTH &&
    SEGMENT.test(text) &&
    text !== "." &&
    text !== ".."
  )
}

const SEGMENT_RULE = "is not made of letters, digits, '.', '-' and '_', or is '.' or '..'"
const FORM = "is not of the form spiffe://{trust domain}/agent/{orch_id}/{task_id}/{instance}"

function invalid(fault: string): AgentIdError {
  return new AgentIdError("invalid_agent_id", `agent id ${fault}`)
}
