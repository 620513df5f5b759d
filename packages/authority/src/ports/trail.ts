import type { AuditEvent, AuditEventType, AuditOutcome } from "@agentwrit/audit"

/**
 * Filters of a list of events; all that are set must match. Instants are milliseconds since the Unix epoch, both ends
 * included.
 */
export interface EventQuery {
  readonly actor?: string
  readonly agentId?: string
  readonly taskId?: string
  readonly eventType?: AuditEventType
  readonly outcome?: AuditOutcome
  readonly since?: number
  readonly until?: number
  /** Only events with a greater sequence number. */
  readonly after?: number
  /** 1 to 1000. */
  readonly limit: number
  readonly offset: number
}

/** One page of events, in the order of the chain. */
export interface EventPage {
  readonly events: readonly AuditEvent[]
  /** Number of matches on all pages. */
  readonly total: number
}

/** The head of the trail's Merkle tree, which a checkpoint signs. */
export interface TreeHead {
  /** Number of events. */
  readonly size: number
  /** RFC 6962 root, 32 bytes. */
  readonly root: Uint8Array
}

/** A stored checkpoint: the signed note, and the tree head that the store computed for it. */
export interface StoredCheckpoint extends TreeHead {
  readonly note: string
}

/** Options of {@link Trail.verify}. */
export interface VerifyOptions {
  /** Verify at full speed. Default: slowly, in the background. */
  readonly atOnce?: boolean
  /** The key of the records' seals. Absent: seals are not checked. */
  readonly recordsKey?: Uint8Array
}

/** The audit trail. Events are appended by a {@link Change}. */
export interface Trail {
  /** Number of committed events. */
  size(): Promise<number>
  events(query: EventQuery): Promise<EventPage>
  /** Whether any event says what it gives or takes: the trail of a version before 2.1 has none. */
  recordsRights(): Promise<boolean>
  /**
   * Whether the stored seal of the tables of apps, launch tokens, revocations and the key ring is that of the last
   * commit. If so, each commit seals them from then on. Does not read the tables. Call it before the first commit.
   * @param key the key of the records' seals.
   */
  openSeal(key: Uint8Array): Promise<boolean>
  /**
   * Reads these tables, and compares them with an opened seal: whether nobody else changed them before the seal was
   * opened. Commits go on meanwhile. Rejects when it did not finish, for example when `signal` aborts it.
   * @param key the key of the records' seals.
   */
  tablesMatch(key: Uint8Array, signal: AbortSignal): Promise<boolean>
  /** Seals these tables as they are now, and with each commit. */
  acceptTables(): Promise<void>
  /**
   * Signs the tree over every commit that was answered before this call, and stores the note. Answers the newest stored
   * checkpoint when the tree has not grown since.
   */
  seal(sign: (head: TreeHead) => string): Promise<StoredCheckpoint>
  /** The stored checkpoint of that size; without a size, the newest. */
  checkpoint(size?: number): Promise<StoredCheckpoint | undefined>
  /** Deletes the stored checkpoints that are smaller than `size`. */
  forgetCheckpoints(size: number): Promise<void>
  /**
   * Verifies hash chain and tree from the first event to the newest stored checkpoint, and holds the tables that give
   * rights against all events.
   * @returns the first fault, or `undefined`. Rejects when the verification did not finish, for example when `signal`
   * aborts it.
   */
  verify(signal: AbortSignal, options?: VerifyOptions): Promise<string | undefined>
}
