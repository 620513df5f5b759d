import { MemoryStore } from "@agentwrit/store-memory"
import { type Change, UnavailableError } from "../src/ports/index.ts"

/** A store in memory whose commits a test can precede with something, or make fail. */
export class InterceptedStore extends MemoryStore {
  /** Runs once, before the next commit that has a write. */
  beforeWrite: (() => Promise<unknown>) | undefined
  /** Commits fail with this while it is set. */
  failure: UnavailableError | undefined

  override async commit(change: Change) {
    const { beforeWrite, failure } = this
    if (failure !== undefined) throw failure
    if (beforeWrite !== undefined && change.writes.length > 0) {
      this.beforeWrite = undefined
      await beforeWrite()
    }
    return super.commit(change)
  }
}

export const fullDisk = (): UnavailableError => new UnavailableError("full", "the disk is full")
