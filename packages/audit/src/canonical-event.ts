import { canonicalJson, type EncodingError, encodeUtf8, type JsonObject } from "@agentwrit/core"
import { EventError } from "./errors.ts"
import type { AuditEvent } from "./event.ts"

/** The hashed members of an event, in the order of RFC 8785. */
const HASHED_MEMBERS: readonly string[] = [
  "actor",
  "agent_id",
  "bytes_transferred",
  "data",
  "deleg_chain_hash",
  "deleg_depth",
  "detail",
  "event_type",
  "id",
  "orch_id",
  "outcome",
  "prev_hash",
  "request_id",
  "resource",
  "source",
  "task_id",
  "timestamp",
] satisfies (keyof AuditEvent)[]

const KNOWN_MEMBERS: ReadonlySet<string> = new Set([...HASHED_MEMBERS, "hash"])

/** The members of an event that its hash covers. */
export type HashedEvent = Omit<AuditEvent, "hash">

/**
 * The RFC 8785 text of an event with known members only. Writing them in canonical order and calling `JSON.stringify`
 * once is several times faster than sorting members, and this runs for every event.
 * @param dataText the member `data` as {@link canonicalData}, in place of the member.
 */
export function canonicalText(event: HashedEvent, dataText?: string): string {
  const before = { actor: event.actor, agent_id: event.agent_id, bytes_transferred: event.bytes_transferred }
  const after = {
    deleg_chain_hash: event.deleg_chain_hash,
    deleg_depth: event.deleg_depth,
    detail: event.detail,
    event_type: event.event_type,
    id: event.id,
    orch_id: event.orch_id,
    outcome: event.outcome,
    prev_hash: event.prev_hash,
    request_id: event.request_id,
    resource: event.resource,
    source: event.source,
    task_id: event.task_id,
    timestamp: event.timestamp,
  }
  const { data } = event
  const made = dataText ?? (data === undefined || isCanonical(data, 0) ? undefined : sortedData(data))
  const text = made === undefined ? JSON.stringify({ ...before, data, ...after }) : joined(before, made, after)
  // JSON.stringify escapes an unpaired surrogate; RFC 8785 has no form for it.
  if (text.includes("\\ud")) {
    for (const value of Object.values(event)) {
      if (typeof value === "string" && !value.isWellFormed())
        throw new EventError("malformed_event", "the event contains an unpaired surrogate")
    }
    if (data !== undefined) sortedData(data)
  }
  return text
}

/** Levels of the member `data` that {@link isCanonical} looks into: the broker's has four. */
const MAX_DATA_DEPTH = 8

/**
 * Whether `JSON.stringify` gives a value's RFC 8785 text but for unpaired surrogates: its members are in order, as
 * those of the broker are.
 */
function isCanonical(value: unknown, depth: number): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true
  if (typeof value === "number") return Number.isFinite(value)
  if (typeof value !== "object" || depth === MAX_DATA_DEPTH) return false
  if (Array.isArray(value)) {
    for (const item of value) if (!isCanonical(item, depth + 1)) return false
    return true
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  let last = ""
  for (const [name, member] of Object.entries(value)) {
    if (name < last || !(member === undefined || isCanonical(member, depth + 1))) return false
    last = name
  }
  return true
}

/** The text of an object whose member `data` stands between the others. */
function joined(before: object, data: string, after: object): string {
  const start = JSON.stringify(before).slice(0, -1)
  const comma = start === "{" ? "" : ","
  return `${start}${comma}"data":${data},${JSON.stringify(after).slice(1)}`
}

/**
 * The RFC 8785 text of an event's `data`.
 * @throws {@link EventError} `malformed_event` when it has none.
 */
export function canonicalData(data: JsonObject): string {
  const text = isCanonical(data, 0) ? JSON.stringify(data) : sortedData(data)
  // An escaped unpaired surrogate has no form in RFC 8785.
  return text.includes("\\ud") ? sortedData(data) : text
}

function sortedData(data: JsonObject): string {
  try {
    return canonicalJson(data)
  } catch (cause) {
    throw noCanonicalForm(cause as EncodingError)
  }
}

/**
 * The bytes that an event's hash covers: RFC 8785 of the event without its `hash` (CONTRACT 4). Unknown members
 * are covered too, so that none can be added unnoticed.
 * @throws {@link EventError} `malformed_event` when the event has no canonical form.
 */
export function canonicalEvent(event: HashedEvent & { readonly hash?: string }): Uint8Array {
  return encodeUtf8(canonicalTextOf(event))
}

/** Like {@link canonicalText}, for an event that may have unknown members and its `hash`. */
export function canonicalTextOf(event: HashedEvent & { readonly hash?: string }): string {
  if (hasOnlyKnownMembers(event)) return canonicalText(event)
  const { hash: _, ...hashed } = event
  try {
    return canonicalJson(hashed as JsonObject)
  } catch (cause) {
    throw noCanonicalForm(cause as EncodingError)
  }
}

const noCanonicalForm = (cause: EncodingError): EventError =>
  new EventError("malformed_event", `the event has no canonical form: ${cause.message}`, { cause })

/** Whether an event has only members that this version knows. */
function hasOnlyKnownMembers(event: object): boolean {
  for (const name of Object.keys(event)) {
    if (!KNOWN_MEMBERS.has(name)) return false
  }
  return true
}
