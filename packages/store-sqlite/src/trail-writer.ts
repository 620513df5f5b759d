import { type AuditEvent, chainEvent, type EventDraft, type TrailState } from "@agentwrit/audit"
import type { StoredCheckpoint, TreeHead } from "@agentwrit/authority/ports"
import { blob, hex } from "./rows.ts"
import { insert, type Statements, sql } from "./sql.ts"
import type { TableSeal } from "./table-seal.ts"
import { type CheckpointRow, fromEvent } from "./trail-rows.ts"

/** A tree head that no checkpoint covers, with what appending to it continues from. */
export interface UnsignedHead extends TreeHead {
  /** The tree's right edge, as bytes. */
  readonly edge: Uint8Array
  /** Hash of the last event. */
  readonly headHash: string
}

/** The same with its signed note. */
export interface SignedHead extends UnsignedHead {
  readonly note: string
}

/** A draft for the trail. The text of its `data` is made once: copying an object to this thread takes longer. */
export interface WrittenDraft extends Omit<EventDraft, "data"> {
  readonly dataText: string | undefined
}

/** The end of the trail, and its newest checkpoint. */
export interface TrailEnd extends TrailState {
  readonly newest: StoredCheckpoint | undefined
  /** The sum of the tables' rows, where they are sealed. */
  readonly sum?: Uint8Array | undefined
}

/**
 * Appends to the trail inside the open transaction. Its state runs ahead of the disk; {@link TrailWriter.rewind} takes
 * it back when the transaction or a part of it was undone.
 */
export class TrailWriter {
  readonly #statements: Statements
  #end: TrailEnd
  #tables: TableSeal | undefined
  /** The state of trail and tables that is stored. */
  #stored = ""

  constructor(statements: Statements, end: TrailEnd) {
    this.#statements = statements
    this.#end = end
  }

  /** Number of events. */
  get size(): number {
    return this.#end.sequence
  }

  /** @returns the events without their `data`, which the caller has. */
  append(drafts: readonly WrittenDraft[], now: number): AuditEvent[] {
    const timestamp = new Date(now).toISOString()
    return drafts.map(({ dataText, ...draft }) => {
      const { prevHash, edge } = this.#end
      const sequence = this.#end.sequence + 1
      const { event, leafHash } = chainEvent(draft, { sequence, timestamp, prevHash }, dataText)
      this.#statements.run(insert("events", fromEvent(event, sequence, now, dataText)))
      edge.append(leafHash)
      this.#end = { ...this.#end, sequence, prevHash: event.hash }
      return event
    })
  }

  /** The head to sign, or the newest checkpoint when it covers the whole trail. */
  head(): UnsignedHead | StoredCheckpoint {
    const { edge, prevHash, newest } = this.#end
    if (newest?.size === edge.size) return newest
    return { size: edge.size, root: edge.root(), edge: edge.toBytes(), headHash: prevHash }
  }

  /** Stores a signed head unless the newest checkpoint covers as many events; returns the newest. */
  storeCheckpoint({ size, root, edge, headHash, note }: SignedHead): StoredCheckpoint {
    const { newest } = this.#end
    if (newest !== undefined && newest.size >= size) return newest
    const checkpoint = { size, root, note }
    this.#statements.run(insert<CheckpointRow>("checkpoints", { ...checkpoint, edge, head_hash: blob(headHash) }))
    this.#end = { ...this.#end, newest: checkpoint }
    return checkpoint
  }

  forgetCheckpoints(size: number): void {
    this.#statements.run(sql`delete from checkpoints where size < ${size}`)
  }

  /** Whether the stored seal belongs to this trail. If so, each commit seals the tables from now on. */
  openSeal(tables: TableSeal): boolean {
    this.#tables = tables
    return tables.open(this.#end)
  }

  /** Seals the tables from now on, as they are. */
  acceptTables(): void {
    this.#tables?.accept()
  }

  /**
   * Call it first in a transaction.
   * @throws DatabaseError when someone else has changed what is sealed.
   */
  requireOwnTables(): void {
    this.#tables?.requireUnchanged()
  }

  /** Call it last in a transaction. */
  sealTables(): void {
    const sum = this.#tables?.mark()
    if (this.#tables === undefined || sum === undefined) return
    const state = `${this.#end.prevHash} ${hex(sum)}`
    if (state === this.#stored) return
    this.#tables.store(this.#end)
    this.#stored = state
  }

  /** The present end, to rewind to. */
  mark(): TrailEnd {
    return { ...this.#end, edge: this.#end.edge.copy(), sum: this.#tables?.mark() }
  }

  rewind(mark: TrailEnd): void {
    this.#end = { ...mark, edge: mark.edge.copy() }
    this.#tables?.rewind(mark.sum)
    this.#stored = ""
  }
}
