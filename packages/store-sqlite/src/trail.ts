import type { EventPage, EventQuery, StoredCheckpoint, Trail, TreeHead } from "@agentwrit/authority/ports"
import type { Reader } from "./reader.ts"
import { filter, sql, where } from "./sql.ts"
import { type CheckpointRow, type EventRow, newestCheckpoint, toCheckpoint, toEvent } from "./trail-rows.ts"
import { verifyTrail } from "./trail-verification.ts"
import type { Writer } from "./writer.ts"

/** The share of one core that a background verification may use. */
const BACKGROUND_SHARE = 0.15

export class SqliteTrail implements Trail {
  readonly #path: string
  readonly #reader: Reader
  readonly #writer: Writer

  constructor(path: string, reader: Reader, writer: Writer) {
    this.#path = path
    this.#reader = reader
    this.#writer = writer
  }

  async size(): Promise<number> {
    return this.#writer.trailSize
  }

  events(query: EventQuery): Promise<EventPage> {
    const { agentId, taskId, eventType, outcome, since, until } = query
    const isFiltered = [agentId, taskId, eventType, outcome, since, until].some((value) => value !== undefined)
    return isFiltered ? this.#filteredEvents(query) : this.#allEvents(query)
  }

  /** Sequence numbers have no gaps, so neither the offset nor the total has to count rows. */
  async #allEvents({ after = 0, offset, limit }: EventQuery): Promise<EventPage> {
    const [rows, newest] = await Promise.all([
      this.#reader.query(sql<EventRow>`select * from events where seq > ${after + offset} order by seq limit ${limit}`),
      this.#reader.query(sql<{ seq: number | null }>`select max(seq) as seq from events`),
    ])
    return { events: rows.map(toEvent), total: Math.max(0, (newest[0]?.seq ?? 0) - after) }
  }

  async #filteredEvents(query: EventQuery): Promise<EventPage> {
    // SQLite would prefer the index of denials to more selective ones; the plus prevents it.
    const isSelective = (query.agentId ?? query.taskId ?? query.eventType) !== undefined
    const outcome = isSelective ? sql`+outcome` : sql`outcome`
    const matching = where(
      filter(query.agentId, (value) => sql`agent_id = ${value}`),
      filter(query.taskId, (value) => sql`task_id = ${value}`),
      filter(query.eventType, (value) => sql`event_type = ${value}`),
      filter(query.outcome, (value) => sql`${outcome} = ${value}`),
      filter(query.since, (value) => sql`timestamp >= ${value}`),
      filter(query.until, (value) => sql`timestamp <= ${value}`),
      filter(query.after, (value) => sql`seq > ${value}`),
    )
    const [rows, counts] = await Promise.all([
      this.#reader.query(
        sql<EventRow>`select * from events ${matching} order by seq limit ${query.limit} offset ${query.offset}`,
      ),
      this.#reader.query(sql<{ total: number }>`select count(*) as total from events ${matching}`),
    ])
    return { events: rows.map(toEvent), total: counts[0]?.total ?? 0 }
  }

  async seal(sign: (head: TreeHead) => string): Promise<StoredCheckpoint> {
    const head = await this.#writer.send("readHead", undefined)
    if ("note" in head) return head
    const { size, root } = head
    return this.#writer.send("storeCheckpoint", { ...head, note: sign({ size, root }) })
  }

  async checkpoint(size?: number): Promise<StoredCheckpoint | undefined> {
    const query =
      size === undefined ? newestCheckpoint : sql<CheckpointRow>`select * from checkpoints where size = ${size}`
    const row = this.#reader.get(query)
    return row && toCheckpoint(row)
  }

  forgetCheckpoints(size: number): Promise<void> {
    return this.#writer.send("forgetCheckpoints", { size })
  }

  verify(signal: AbortSignal, { atOnce = false }: { readonly atOnce?: boolean } = {}): Promise<string | undefined> {
    return verifyTrail({ path: this.#path, share: atOnce ? 1 : BACKGROUND_SHARE }, signal)
  }
}
