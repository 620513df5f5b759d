import type { RevocationLevel } from "@agentwrit/core"

/** One revocation, as a {@link Change} writes it. Instants are milliseconds since the Unix epoch. */
export interface Revocation {
  readonly level: RevocationLevel
  readonly target: string
  readonly revokedAt: number
  /** Levels `app` and `all` only: Unix seconds; what was issued up to then is revoked. */
  readonly before?: number
  /** Level `token` only: the token was renewed or released; what was delegated from it lives on. */
  readonly alone?: boolean
  /** When the last token that it covers expires, so that the entry no longer matters; `null`: never. */
  readonly expiresAt: number | null
  /**
   * When the entry may be deleted. Later than `expiresAt`, because the clock may be stepped (CONTRACT 2); `null`:
   * never.
   */
  readonly pruneAfter: number | null
}

/** An entry of the log. */
export interface RevocationEntry extends Pick<Revocation, "level" | "before" | "alone" | "expiresAt" | "pruneAfter"> {
  /** Position in the log. Every new entry has a greater one. */
  readonly seq: number
  /** SHA-256 of level and target (CONTRACT 5), 32 bytes. */
  readonly digest: Uint8Array
}

/** A range of the log, and the newest position that was ever assigned. */
export interface RevocationPage {
  readonly entries: readonly RevocationEntry[]
  readonly head: number
}

/** Applies the log. Called synchronously and in order; an entry counts as applied when the call returns. */
export interface RevocationFollower {
  /** Entries that are on disk. The store answers no commit before every follower has applied its entries. */
  append(entries: readonly RevocationEntry[]): void
  /** Revocations whose commit has an unknown outcome after a fault. They must hold in memory until the process ends. */
  appendUnconfirmed?(revocations: readonly Revocation[]): void
  /** Another broker replaced the key ring. It counts as applied once this resolves. */
  keyRingChanged?(): Promise<void>
}

/** A running {@link RevocationLog.follow}. */
export interface Following {
  /** The position up to which the follower has applied the log. */
  readonly applied: number
  stop(): void
}

/** The revocations, in the order in which they were committed. They are appended by a {@link Change}. */
export interface RevocationLog {
  /** Number of entries, to size the set in memory. */
  count(): Promise<number>
  /**
   * Delivers every entry after position `from`, first the stored ones in batches, then new ones as they commit, without
   * a gap. Resolves once all entries that were stored at the call are applied.
   */
  follow(from: number, follower: RevocationFollower): Promise<Following>
  /** Up to `limit` entries after position `after` that still matter at `at`, in order. */
  page(after: number, limit: number, at: number): Promise<RevocationPage>
}

/**
 * Positions come in eras of this many, and each declared restore begins an era. Nobody knows how many positions were
 * assigned after the restored copy was made; a new era keeps them apart from later ones. Leaves room for 8,191 eras.
 */
export const REVOCATION_ERA: number = 2 ** 40
