import type { AuthorityContext } from "../context.ts"
import { type Clock, steadyClock } from "../ports/clock.ts"
import { advanceKeys, nextAdvance } from "./rotation.ts"

/** The longest wait: the clock may be stepped meanwhile. */
const MAX_WAIT_MS = 60_000

/** The wait after a step that is still due, because the store could not commit it. */
const RETRY_AFTER_MS = 5_000

/** Does what is due in the ring of signing keys, on time. */
export class KeySchedule {
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #running: Promise<unknown> = Promise.resolve()
  readonly #context: AuthorityContext
  readonly #steadyClock: Clock

  /** @param latest the latest instant that is known to be past: no key goes because the clock was stepped forward. */
  constructor(context: AuthorityContext, latest: number) {
    this.#context = context
    this.#steadyClock = steadyClock(context.clock, latest)
  }

  /** Waits for the next thing to do. Call it again when the ring changed. */
  arm(leastWaitMs = 0): void {
    if (this.#isStopped) return
    clearTimeout(this.#timer)
    const wait = Math.max(leastWaitMs, Math.min(nextAdvance(this.#context) - this.#context.clock.now(), MAX_WAIT_MS))
    this.#timer = setTimeout(() => void this.#runAndRearm(), wait).unref()
  }

  /** Does what is due now. */
  async run(): Promise<void> {
    this.#running = advanceKeys(this.#context, this.#steadyClock.now())
    await this.#running
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#running.catch(() => undefined)
  }

  async #runAndRearm(): Promise<void> {
    try {
      await this.run()
    } catch (error) {
      this.#context.observer.keyRotationFailed?.(error)
    }
    this.arm(nextAdvance(this.#context) <= this.#context.clock.now() ? RETRY_AFTER_MS : 0)
  }
}
