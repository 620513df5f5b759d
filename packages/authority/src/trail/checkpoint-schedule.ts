/** Longest time between a commit and the checkpoint that covers it, when nobody asks for one. */
const CHECKPOINT_INTERVAL_MS = 1000

/** Signs a checkpoint at most once a second while the trail grows, so that a start has little to verify. */
export class CheckpointSchedule {
  #timer: NodeJS.Timeout | undefined
  #signing: Promise<void> = Promise.resolve()
  #isStopped = false
  readonly #sign: () => Promise<void>

  /** @param sign signs one checkpoint; must not reject. */
  constructor(sign: () => Promise<void>) {
    this.#sign = sign
  }

  /** Call it after each commit that wrote events. */
  trailGrew(): void {
    if (this.#timer !== undefined || this.#isStopped) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#signing = this.#signing.then(this.#sign)
    }, CHECKPOINT_INTERVAL_MS)
    this.#timer.unref()
  }

  /** Stops and waits for the checkpoint that is being signed. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#signing
  }
}
