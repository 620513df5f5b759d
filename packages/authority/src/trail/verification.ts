import type { AuthorityContext } from "../context.ts"

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
  readonly #stopped = new AbortController()
  readonly #context: AuthorityContext

  constructor(context: AuthorityContext) {
    this.#context = context
  }

  start(): void {
    const { store, trailStatus } = this.#context
    if (trailStatus.problem !== undefined) return
    const { trailSize, trailVerified } = store.housekeeping.health()
    trailStatus.verifying = trailSize > 0 || !trailVerified
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
      const verified = await store.housekeeping.withLease("verification", async () => ({
        problem: await store.trail.verify(signal, { recordsKey }),
      }))
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
}
