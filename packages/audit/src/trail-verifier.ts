import { canonicalTextOf } from "./canonical-event.ts"
import { GENESIS_HASH, hashesOf, isHash } from "./chain.ts"
import type { EventError } from "./errors.ts"
import type { AuditEvent } from "./event.ts"
import { readEvent } from "./event-form.ts"
import { eventId, sequenceOf } from "./event-id.ts"
import { RightEdge } from "./right-edge.ts"

/** A position on the trail from which appending or verifying continues. */
export interface TrailState {
  /** Sequence number of the last event; 0 before the first. Equals the number of leaves of `edge`. */
  readonly sequence: number
  /** That event's `hash`, the `prev_hash` of the next; {@link GENESIS_HASH} before the first. */
  readonly prevHash: string
  /** The tree's right edge after that event. */
  readonly edge: RightEdge
}

/**
 * What is wrong with a trail:
 * - `malformed`: an event is not a JSON object with the right members;
 * - `id`: its id is not in the form of an event id;
 * - `order`: its id is not the next one: an event was dropped, inserted, repeated or moved;
 * - `prev_hash`: it does not follow the previous event, so one of the two was rewritten;
 * - `hash`: its hash does not match its content, so it was edited;
 * - `checkpoint_size`: the trail ends before a checkpoint: its tail was cut;
 * - `checkpoint_root`: the trail is consistent, but a checkpoint was signed over another one: it was rewritten.
 */
export type TrailProblemReason =
  | "malformed"
  | "id"
  | "order"
  | "prev_hash"
  | "hash"
  | "checkpoint_size"
  | "checkpoint_root"

/** The first problem of a trail. */
export interface TrailProblem {
  /**
   * Position of the first broken event, from 1. For `checkpoint_size` that of the first missing event. For
   * `checkpoint_root` the checkpoint's size: the rewritten event is at that position or before.
   */
  readonly position: number
  readonly reason: TrailProblemReason
  readonly expected: string
  readonly found: string
  /** The problem in one line for the operator. */
  readonly message: string
}

/**
 * Verifies a trail synchronously, one event at a time: for a store that reads its own events, or for work in small
 * steps.
 * @example
 * const verifier = new TrailVerifier()
 * for (const event of events) {
 *   const problem = verifier.push(event)
 *   if (problem) throw new Error(problem.message)
 * }
 */
export class TrailVerifier {
  #sequence: number
  #prevHash: string
  readonly #edge: RightEdge
  #problem: TrailProblem | undefined

  /**
   * @param from where to continue; default: before the first event. Its edge is copied.
   * @throws `TypeError` when its members contradict each other.
   */
  constructor(from: TrailState = { sequence: 0, prevHash: GENESIS_HASH, edge: new RightEdge() }) {
    if (from.edge.size !== from.sequence)
      throw new TypeError("a trail's edge must have as many leaves as the trail has events")
    if (!isHash(from.prevHash) || (from.sequence === 0) !== (from.prevHash === GENESIS_HASH))
      throw new TypeError("prevHash must be 64 lower-case hex characters, and GENESIS_HASH only before the first event")
    this.#sequence = from.sequence
    this.#prevHash = from.prevHash
    this.#edge = from.edge.copy()
  }

  /** The number of verified events, including those before the start. */
  get size(): number {
    return this.#sequence
  }

  /** Root over those events, 32 bytes. */
  root(): Uint8Array {
    return this.#edge.root()
  }

  /** The position after the last verified event, to continue later. */
  state(): TrailState {
    return { sequence: this.#sequence, prevHash: this.#prevHash, edge: this.#edge.copy() }
  }

  /**
   * Verifies the next event, an object or a line of NDJSON. It never throws. After a problem it returns the same one
   * for every further event, because nothing after a break can be verified.
   * @returns the problem, or `undefined`.
   */
  push(event: unknown): TrailProblem | undefined {
    this.#problem ??= this.#take(event)
    return this.#problem
  }

  #take(value: unknown): TrailProblem | undefined {
    const position = this.#sequence + 1
    const read = readEvent(value)
    if ("fault" in read) return problemAt(position, "malformed", read.fault.expected, read.fault.found)
    const { event } = read
    const id = eventId(position)
    if (event.id !== id) return problemAt(position, sequenceOf(event.id) === undefined ? "id" : "order", id, event.id)
    if (event.prev_hash !== this.#prevHash) return problemAt(position, "prev_hash", this.#prevHash, event.prev_hash)
    const hashes = hashesOrFault(event)
    if (typeof hashes === "string") return problemAt(position, "malformed", "an event with a canonical form", hashes)
    if (event.hash !== hashes.hash) return problemAt(position, "hash", hashes.hash, event.hash)
    this.#edge.append(hashes.leafHash)
    this.#sequence = position
    this.#prevHash = event.hash
    return undefined
  }
}

function hashesOrFault(event: AuditEvent): ReturnType<typeof hashesOf> | string {
  try {
    return hashesOf(canonicalTextOf(event))
  } catch (error) {
    return (error as EventError).message
  }
}

const MESSAGES: Readonly<Record<TrailProblemReason, string>> = {
  malformed: "the event is malformed",
  id: "the event's id is malformed",
  order: "another event is at this position: one was dropped, inserted, repeated or moved",
  prev_hash: "the event does not follow the previous one: one of the two was rewritten",
  hash: "the event was edited: its hash does not match its content",
  checkpoint_size: "the trail ends before the checkpoint: its tail was cut",
  checkpoint_root: "the trail does not match the checkpoint: this event or an earlier one was rewritten",
}

/**
 * Makes a problem with its message. The found text is not trusted, so it is shortened, and control characters are
 * escaped.
 */
export function problemAt(position: number, reason: TrailProblemReason, expected: string, found: string): TrailProblem {
  const seen = found
    .slice(0, 100)
    .replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
  const message = `audit trail broken at event ${position}: ${MESSAGES[reason]} (expected ${expected}, found ${seen})`
  return { position, reason, expected, found: seen, message }
}
