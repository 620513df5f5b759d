import type { AuthorityContext } from "./context.ts"

/** Milliseconds between two verifications of the whole trail. */
const INTERVAL = 24 * 60 * 60 * 1000

/** Milliseconds until one that could not be done is tried again. */
const RETRY = 60 * 1000

/**
 * Verifies the whole trail in the background: once after the start, because a start looks no further back than the last
 * checkpoint, and then every day.
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
    if (this.#context.trailProblem !== undefined) return
    if (this.#context.store.health().trailVerified) {
      this.#wait(INTERVAL)
      return
    }
    this.#context.trailVerifying = true
    this.#wait(0)
  }

  /** Ends one that is under way. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    clearTimeout(this.#timer)
    await this.#running
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#verify()
    }, milliseconds)
    this.#timer.unref()
  }

  async #verify(): Promise<void> {
    const { store, observer } = this.#context
    const { signal } = this.#stopped
    try {
      const problem = await store.verifyTrail(signal)
      this.#context.trailVerifying = false
      if (problem !== undefined) this.#context.trailProblem ??= problem
      observer.trailVerified?.(problem)
      if (problem === undefined) this.#wait(INTERVAL)
    } catch (error) {
      if (signal.aborted) return
      observer.trailUnverified?.(error)
      this.#wait(RETRY)
    }
  }
}
