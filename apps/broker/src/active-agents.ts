import type { Authority } from "@agentwrit/authority"

/** Milliseconds for which a count is good: however often anyone asks, it is made once a second at the most. */
const LIFE = 1000

/** Counts the active agents for whoever asks, once for all who ask at the same time. */
export class ActiveAgents {
  #counting: Promise<number | undefined> | undefined
  #last: number | undefined

  /** The count, or the last one while the store cannot be read; `undefined` before there was any. */
  count(authority: Authority): Promise<number | undefined> {
    this.#counting ??= this.#countAnew(authority)
    return this.#counting
  }

  async #countAnew(authority: Authority): Promise<number | undefined> {
    try {
      this.#last = await authority.countActiveAgents()
    } catch {
      // Told by the authority's observer; a scrape that fails would hide every other metric.
    }
    setTimeout(() => {
      this.#counting = undefined
    }, LIFE).unref()
    return this.#last
  }
}
