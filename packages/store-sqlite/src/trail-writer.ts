import { type AuditEvent, chainEvent, type EventDraft, GENESIS_HASH, RightEdge } from "@agentwrit/audit"
import type { KeptCheckpoint, TreeHead } from "@agentwrit/authority"
import { fromEvent } from "./rows.ts"
import type { CheckpointsTable, EventsTable } from "./schema.ts"
import { type Prepare, parameter, rowParameters } from "./statements.ts"

/** What appending goes on from. */
export interface TrailState {
  /** Sequence number of the last event; 0 before the first. */
  readonly sequence: number
  /** That event's hash. */
  readonly prevHash: string
  /** The tree's right edge after it. */
  readonly edge: RightEdge
}

/** The state before the first event. */
export const emptyTrail = (): TrailState => ({ sequence: 0, prevHash: GENESIS_HASH, edge: new RightEdge() })

/** A tree that no checkpoint covers, with what appending to it goes on from. */
export interface OpenHead extends TreeHead {
  /** Its right edge, as bytes. */
  readonly edge: Uint8Array
  /** The hash of its last event. */
  readonly headHash: string
}

/** The same, signed. */
export interface SignedHead extends OpenHead {
  readonly note: string
}

/** A position in the open transaction to go back to. */
export interface TrailMark extends TrailState {
  readonly newest: KeptCheckpoint | undefined
}

/**
 * Chains events inside the open transaction. Its state runs ahead of the disk until {@link TrailWriter.settle};
 * {@link TrailWriter.rewind} takes it back when the transaction, or a part of it, was undone.
 */
export class TrailWriter {
  #settled: TrailMark
  #sequence: number
  #prevHash: string
  #edge: RightEdge
  #newest: KeptCheckpoint | undefined
  readonly #insertEvent
  readonly #insertCheckpoint
  readonly #forgetCheckpoints

  constructor(prepare: Prepare, state: TrailState, newest: KeptCheckpoint | undefined) {
    this.#settled = { ...state, newest }
    this.#sequence = state.sequence
    this.#prevHash = state.prevHash
    this.#edge = state.edge.copy()
    this.#newest = newest
    this.#insertEvent = prepare<EventsTable>((db) =>
      db
        .insertInto("events")
        .values(
          rowParameters<EventsTable>([
            ...(["seq", "timestamp", "event_type", "agent_id", "task_id", "orch_id", "detail", "resource"] as const),
            ...(["outcome", "deleg_depth", "deleg_chain_hash", "bytes_transferred", "hash", "prev_hash"] as const),
          ]),
        ),
    )
    this.#insertCheckpoint = prepare<CheckpointsTable>((db) =>
      db
        .insertInto("checkpoints")
        .values(rowParameters<CheckpointsTable>(["size", "root", "note", "edge", "head_hash"])),
    )
    this.#forgetCheckpoints = prepare<{ size: number }>((db) =>
      db.deleteFrom("checkpoints").where("size", "<", parameter<number>("size")),
    )
  }

  /** Events on disk. */
  get size(): number {
    return this.#settled.sequence
  }

  append(drafts: readonly EventDraft[], now: number): AuditEvent[] {
    const timestamp = new Date(now).toISOString()
    return drafts.map((draft) => {
      const sequence = this.#sequence + 1
      const { event, leafHash } = chainEvent(draft, { sequence, timestamp, prevHash: this.#prevHash })
      this.#insertEvent.run(fromEvent(event, sequence, now))
      this.#sequence = sequence
      this.#prevHash = event.hash
      this.#edge.append(leafHash)
      return event
    })
  }

  /** The tree as it stands in this transaction, to be signed; or the newest checkpoint, if that covers it already. */
  head(): OpenHead | KeptCheckpoint {
    const { size } = this.#edge
    if (this.#newest?.size === size) return this.#newest
    return { size, root: this.#edge.root(), edge: this.#edge.toBytes(), headHash: this.#prevHash }
  }

  /** Keeps a signed head, unless a checkpoint of as many events is kept by now; answers the newest. */
  keep({ size, root, edge, headHash, note }: SignedHead): KeptCheckpoint {
    if (this.#newest !== undefined && this.#newest.size >= size) return this.#newest
    this.#insertCheckpoint.run({
      ...{ size, note },
      root: Buffer.from(root),
      edge: Buffer.from(edge),
      head_hash: Buffer.from(headHash, "hex"),
    })
    this.#newest = { size, root, note }
    return this.#newest
  }

  forgetCheckpoints(size: number): void {
    this.#forgetCheckpoints.run({ size })
  }

  mark(): TrailMark {
    return { sequence: this.#sequence, prevHash: this.#prevHash, edge: this.#edge.copy(), newest: this.#newest }
  }

  /** The transaction is on disk. */
  settle(): void {
    this.#settled = this.mark()
  }

  /** The transaction was undone, or the part of it since `mark`. */
  rewind(mark: TrailMark = this.#settled): void {
    this.#sequence = mark.sequence
    this.#prevHash = mark.prevHash
    this.#edge = mark.edge.copy()
    this.#newest = mark.newest
  }
}
