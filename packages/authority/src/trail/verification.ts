import type { AuthorityContext } from "../context.ts"
import { lockTables, verifyChangedTables } from "./changed-tables.ts"

/** Time between two verifications of the whole trail. */
const VERIFICATION_INTERVAL_MS = 24 * 60 * 60 * 1000

/** Time until a verification that did not finish is tried again. */
const RETRY_INTERVAL_MS = 60 * 1000

/**
 * Verifies the whole trail in the background, and the tables against it: once after the start, because a start verifies
 * only from the last checkpoint on, and then every day.
 */
export class TrailVerification {
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #comparesTables = false
  readonly #stopped = new AbortController()
  readonly #context: AuthorityContext

  constructor(context: AuthorityContext) {
    this.#context = context
  }

  /** @param comparesTables compare the tables with their seal first, because the start did not wait for it. */
  start({ comparesTables }: { readonly comparesTables: boolean }): void {
    const { store, trailStatus } = this.#context
    this.#comparesTables = comparesTables
    if (trailStatus.problem !== undefined && !comparesTables) return
    const { trailSize, trailVerified } = store.housekeeping.health()
    trailStatus.verifying = trailSize > 0 || !trailVerified || comparesTables
    this.#runAfter(trailStatus.verifying ? 0 : VERIFICATION_INTERVAL_MS)
  }

  /** Aborts the verification that is running. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    clearTimeout(this.#timer)
    await this.#running
  }

  #runAfter(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#verify()
    }, milliseconds)
    this.#timer.unref()
  }

  async #verify(): Promise<void> {
    const { store, observer, recordsKey, trailStatus } = this.#context
    const { signal } = this.#stopped
    try {
      const verified =
        (await this.#compareTables()) ??
        (await store.housekeeping.withLease("verification", async () => ({
          problem: await store.trail.verify(signal, { recordsKey }),
        })))
      if (verified === undefined) return this.#runAfter(RETRY_INTERVAL_MS)
      const { problem } = verified
      trailStatus.verifying = false
      if (problem !== undefined) trailStatus.problem ??= problem
      observer.trailVerified?.(problem)
      if (problem === undefined) this.#runAfter(VERIFICATION_INTERVAL_MS)
    } catch (error) {
      if (signal.aborted) return
      observer.trailUnverified?.(error)
      this.#runAfter(RETRY_INTERVAL_MS)
    }
  }

  /** Locks tables that are not as their seal says, and verifies everything at once. */
  async #compareTables(): Promise<{ readonly problem: string | undefined } | undefined> {
    if (!this.#comparesTables) return undefined
    const { store, recordsKey } = this.#context
    const { signal } = this.#stopped
    const matches = await store.trail.tablesMatch(recordsKey, signal)
    if (!matches) lockTables(this.#context)
    const verified = matches ? undefined : { problem: await verifyChangedTables(this.#context, signal) }
    this.#comparesTables = false
    return verified
  }
}
