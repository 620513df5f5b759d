import { canonicalTextOf } from "./canonical-event.ts"
import { GENESIS_HASH, hashesOf, isHash } from "./chain.ts"
import type { EventError } from "./errors.ts"
import type { AuditEvent } from "./event.ts"
import { readEvent } from "./event-form.ts"
import { eventId, sequenceOf } from "./event-id.ts"
import { RightEdge } from "./right-edge.ts"

/** A place on the trail from which appending or verifying goes on. */
export interface TrailState {
  /** Sequence number of the last event; 0 before the first. Also the leaves of `edge`. */
  readonly sequence: number
  /** That event's `hash`, which the next one bears as `prev_hash`; {@link GENESIS_HASH} before the first. */
  readonly prevHash: string
  /** The tree's right edge after that event. */
  readonly edge: RightEdge
}

/**
 * What is wrong with a trail:
 * - `malformed`: an event is no JSON object of the right members;
 * - `id`: its id is none, or another spelling of one;
 * - `order`: its id is another event's: one was dropped, inserted, repeated or moved;
 * - `prev_hash`: it does not follow the event before, so one of the two was rewritten;
 * - `hash`: its hash is not that of its content, so it was edited;
 * - `checkpoint_size`: the trail ends before a checkpoint: its tail was cut;
 * - `checkpoint_root`: the trail holds together, but is not the one that a checkpoint was signed over: it was rewritten.
 */
export type TrailProblemReason =
  | "malformed"
  | "id"
  | "order"
  | "prev_hash"
  | "hash"
  | "checkpoint_size"
  | "checkpoint_root"

/** The first thing that is wrong with a trail. */
export interface TrailProblem {
  /**
   * Sequence number of the first broken event: where it should stand, counted from 1. For `checkpoint_size` that of the first
   * missing one. For `checkpoint_root` the checkpoint's size: the rewritten event is that one or an earlier.
   */
  readonly position: number
  readonly reason: TrailProblemReason
  readonly expected: string
  readonly found: string
  /** All of this in a line for an operator. */
  readonly message: string
}

/**
 * Verifies a trail an event at a time, without waiting on anything: for a store that reads its own events, or work in small steps.
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
   * @param from Where to go on; by default before the first event. Its edge is copied.
   * @throws `TypeError` when its members do not belong together.
   */
  constructor(from: TrailState = { sequence: 0, prevHash: GENESIS_HASH, edge: new RightEdge() }) {
    if (from.edge.size !== from.sequence)
      throw new TypeError("a trail's edge has as many leaves as the trail has events")
    if (!isHash(from.prevHash) || (from.sequence === 0) !== (from.prevHash === GENESIS_HASH))
      throw new TypeError("prevHash is 64 lower-case hex characters, and GENESIS_HASH before the first event alone")
    this.#sequence = from.sequence
    this.#prevHash = from.prevHash
    this.#edge = from.edge.copy()
  }

  /** Events that were found right, those before the start included. */
  get size(): number {
    return this.#sequence
  }

  /** Root over those events, 32 bytes. */
  root(): Uint8Array {
    return this.#edge.root()
  }

  /** The place after the last event that was found right, to go on from later. */
  state(): TrailState {
    return { sequence: this.#sequence, prevHash: this.#prevHash, edge: this.#edge.copy() }
  }

  /**
   * Takes the next event, as an object or as a line of NDJSON. Whatever it is, nothing is thrown. After a problem every further
   * event answers the same one, because nothing can be said of what follows a break.
   * @returns What is wrong, or `undefined`.
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
  id: "the event's id is not one",
  order: "another event stands here: one was dropped, inserted, repeated or moved",
  prev_hash: "the event does not follow the one before it: one of the two was rewritten",
  hash: "the event was edited: its hash is not that of its content",
  checkpoint_size: "the trail ends before the checkpoint: its tail was cut",
  checkpoint_root:
    "the trail is not the one that the checkpoint was signed over: this event or an earlier one was rewritten",
}

/** Makes a problem and its message. What was found comes from outside, so it is bounded, and what a terminal might act on is escaped. */
export function problemAt(position: number, reason: TrailProblemReason, expected: string, found: string): TrailProblem {
  const seen = found
    .slice(0, 100)
    .replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
  const message = `audit trail broken at event ${position}: ${MESSAGES[reason]} (expected ${expected}, found ${seen})`
  return { position, reason, expected, found: seen, message }
}
