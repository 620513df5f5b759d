import { AgentIdError } from "./errors.ts"

/** The parts of an agent id (CONTRACT 2). */
export interface AgentId {
  /** SPIFFE trust domain: lower-case letters, digits, `.`, `-`, `_`. */
  readonly trustDomain: string
  readonly orchId: string
  readonly taskId: string
  /** 16 lower-case hex characters, random for each registration. */
  readonly instance: string
}

/** Longest agent id, in bytes (SPIFFE-ID 2.3). */
export const MAX_AGENT_ID_LENGTH = 2048
const MAX_TRUST_DOMAIN_LENGTH = 255

const TRUST_DOMAIN = /^[a-z0-9._-]+$/
const SEGMENT = /^[A-Za-z0-9._-]+$/
const INSTANCE = /^[0-9a-f]{16}$/
/** An agent id with parts of any form: errors use it to name the wrong part. */
const FORM = /^spiffe:\/\/([^/]*)\/agent\/([^/]*)\/([^/]*)\/([^/]*)$/
/** An agent id with parts of the right form. */
const AGENT_ID = /^spiffe:\/\/([a-z0-9._-]+)\/agent\/([A-Za-z0-9._-]+)\/([A-Za-z0-9._-]+)\/([0-9a-f]{16})$/

/**
 * Writes `spiffe://{trust domain}/agent/{orch_id}/{task_id}/{instance}`.
 * @throws {@link AgentIdError} `invalid_agent_id` when a part is not allowed there, or the whole is longer than 2048
 * bytes.
 */
export function formatAgentId(id: AgentId): string {
  const text = `spiffe://${id.trustDomain}/agent/${id.orchId}/${id.taskId}/${id.instance}`
  const fault = faultOf(id) ?? (text.length > MAX_AGENT_ID_LENGTH ? TOO_LONG : undefined)
  if (fault !== undefined) throw invalid(fault)
  return text
}

/**
 * Parses an agent id. Only the form that {@link formatAgentId} writes is accepted.
 * @throws {@link AgentIdError} `invalid_agent_id`. The message does not repeat the text.
 */
export function parseAgentId(text: string): AgentId {
  if (typeof text !== "string") throw invalid("is not a string")
  if (text.length > MAX_AGENT_ID_LENGTH) throw invalid(TOO_LONG)
  const id = readAgentId(text)
  if (id !== undefined) return id
  const parts = partsOf(FORM, text)
  throw invalid(
    (parts && faultOf(parts)) ?? "is not of the form spiffe://{trust domain}/agent/{orch_id}/{task_id}/{instance}",
  )
}

/** Whether `text` is an agent id that {@link parseAgentId} reads. */
export function isAgentId(text: unknown): text is string {
  return typeof text === "string" && readAgentId(text) !== undefined
}

/** Like {@link parseAgentId}, but returns `undefined` for a text that is not an agent id. */
export function readAgentId(text: string): AgentId | undefined {
  const id = text.length <= MAX_AGENT_ID_LENGTH ? partsOf(AGENT_ID, text) : undefined
  if (id === undefined || id.trustDomain.length > MAX_TRUST_DOMAIN_LENGTH) return undefined
  return isDots(id.orchId) || isDots(id.taskId) ? undefined : id
}

function partsOf(form: RegExp, text: string): AgentId | undefined {
  const parts = form.exec(text)
  if (parts === null) return undefined
  const [, trustDomain = "", orchId = "", taskId = "", instance = ""] = parts
  return { trustDomain, orchId, taskId, instance }
}

/** What is wrong with the first invalid part; `undefined` when all are valid. */
function faultOf({ trustDomain, orchId, taskId, instance }: AgentId): string | undefined {
  if (!isTrustDomain(trustDomain)) return "has a trust domain that is not 1 to 255 of a-z, 0-9, '.', '-' and '_'"
  if (!isPathSegment(orchId)) return `has an orch_id that ${SEGMENT_RULE}`
  if (!isPathSegment(taskId)) return `has a task_id that ${SEGMENT_RULE}`
  return INSTANCE.test(instance) ? undefined : "has an instance that is not 16 lower-case hex characters"
}

/** Whether `text` can be the trust domain of an agent id (SPIFFE-ID 2.1). */
export function isTrustDomain(text: unknown): text is string {
  return typeof text === "string" && text.length <= MAX_TRUST_DOMAIN_LENGTH && TRUST_DOMAIN.test(text)
}

/** Whether `text` can be a segment of an agent id's path, such as an `orch_id` or a `task_id` (SPIFFE-ID 2.2). */
export function isPathSegment(text: unknown): text is string {
  return typeof text === "string" && text.length <= MAX_AGENT_ID_LENGTH && SEGMENT.test(text) && !isDots(text)
}

/** `.` and `..` are relative path segments, not names. */
function isDots(segment: string): boolean {
  return segment === "." || segment === ".."
}

const SEGMENT_RULE = "is not made of letters, digits, '.', '-' and '_', or is '.' or '..'"
const TOO_LONG = `is longer than ${MAX_AGENT_ID_LENGTH} bytes`

function invalid(fault: string): AgentIdError {
  return new AgentIdError("invalid_agent_id", `agent id ${fault}`)
}
