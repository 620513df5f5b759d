import { encodeHex, encodeUtf8, sha256 } from "@agentwrit/core"
import { canonicalEvent, canonicalText, type HashedEvent } from "./canonical-event.ts"
import { EventError } from "./errors.ts"
import type { AuditEvent, EventDraft } from "./event.ts"
import { eventId } from "./event-id.ts"

/** The `prev_hash` of the first event: 64 zeros (CONTRACT 4). */
export const GENESIS_HASH: string = "0".repeat(64)

const HASH = /^[0-9a-f]{64}$/
const TIMESTAMP =
  /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{3}Z$/

/** Whether a text is a hash of the chain: 64 lower-case hex characters. */
export const isHash = (text: string): boolean => HASH.test(text)

/** Whether a text has the form of an event's timestamp. */
export const isTimestamp = (text: string): boolean => TIMESTAMP.test(text)

/** The position of a new event on the trail. */
export interface ChainPosition {
  /** 1 for the first event. */
  readonly sequence: number
  /** RFC 3339 in UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
  readonly timestamp: string
  /** The `hash` of the previous event; {@link GENESIS_HASH} for the first. */
  readonly prevHash: string
}

/** A chained event and its leaf in the tree. */
export interface ChainedEvent {
  readonly event: AuditEvent
  /** RFC 6962 leaf hash, 32 bytes, for {@link RightEdge.append}. */
  readonly leafHash: Uint8Array
}

/**
 * Puts a draft on the trail: adds its id, time, previous hash and hash. The chain hash and the leaf hash cover the same
 * canonical bytes, so chain and tree bind each other. Empty members of the draft are left out; an unpaired surrogate in
 * `detail` becomes U+FFFD.
 * @throws {@link EventError} `malformed_event` when a member cannot be hashed: an unpaired surrogate in another member,
 * or a number that is not a whole number from 0.
 * @param dataText the draft's `data` as {@link canonicalData}, in place of the member: the event does not have it then.
 * @throws `TypeError` for an invalid position.
 */
export function chainEvent(
  draft: EventDraft,
  { sequence, timestamp, prevHash }: ChainPosition,
  dataText?: string,
): ChainedEvent {
  const id = eventId(sequence)
  if (!isTimestamp(timestamp)) throw new TypeError("a timestamp must be RFC 3339 in UTC with milliseconds")
  if (!isHash(prevHash)) throw new TypeError("prevHash must be 64 lower-case hex characters")
  if ((sequence === 1) !== (prevHash === GENESIS_HASH)) throw new TypeError("only the first event follows GENESIS_HASH")
  const hashed: HashedEvent = {
    id,
    timestamp,
    event_type: draft.event_type,
    ...(draft.actor && { actor: draft.actor }),
    ...(draft.agent_id && { agent_id: draft.agent_id }),
    ...(draft.task_id && { task_id: draft.task_id }),
    ...(draft.orch_id && { orch_id: draft.orch_id }),
    detail: draft.detail.toWellFormed(),
    ...(draft.resource && { resource: draft.resource }),
    outcome: draft.outcome,
    ...(isCount("deleg_depth", draft.deleg_depth) && { deleg_depth: draft.deleg_depth }),
    ...(draft.deleg_chain_hash && { deleg_chain_hash: draft.deleg_chain_hash }),
    ...(isCount("bytes_transferred", draft.bytes_transferred) && { bytes_transferred: draft.bytes_transferred }),
    ...(draft.source && { source: draft.source }),
    ...(draft.request_id && { request_id: draft.request_id }),
    ...(draft.data && { data: draft.data }),
    prev_hash: prevHash,
  }
  const { hash, leafHash } = hashesOf(canonicalText(hashed, dataText))
  return { event: { ...hashed, hash }, leafHash }
}

/** Whether the member is a count above 0; 0 is left out of the event. */
function isCount(member: string, value: number | undefined): value is number {
  if (value === undefined) return false
  if (!Number.isSafeInteger(value) || value < 0)
    throw new EventError("malformed_event", `${member} is not a whole number from 0 to 2^53 - 1`)
  return value > 0
}

/**
 * The chain hash and the leaf hash of a canonical text. It is encoded once, after the 0x00 byte of RFC 6962 section
 * 2.1, and hashed with and without that byte.
 */
export function hashesOf(canonical: string): { hash: string; leafHash: Uint8Array } {
  const leaf = encodeUtf8(`\u0000${canonical}`)
  return { hash: encodeHex(sha256(leaf.subarray(1))), leafHash: sha256(leaf) }
}

/**
 * The correct hash of an event: hex SHA-256 of {@link canonicalEvent}. An unchanged event has it as its `hash`.
 * @throws {@link EventError} `malformed_event` when the event has no canonical form.
 */
export function eventHash(event: HashedEvent & { readonly hash?: string }): string {
  return encodeHex(sha256(canonicalEvent(event)))
}
