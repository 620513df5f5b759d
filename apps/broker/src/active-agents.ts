import type { Authority } from "@agentwrit/authority"
import { KeptFor } from "./kept-for.ts"

/** Milliseconds for which a count is good: it reads every agent. */
const LIFE = 1000

/** Counts the active agents for whoever asks, once for all who ask at the same time. */
export class ActiveAgents {
  readonly #count = new KeptFor<number | undefined>(LIFE)
  #last: number | undefined

  /** The count, or the last one while the store cannot be read; `undefined` before there was any. */
  count(authority: Authority): Promise<number | undefined> {
    return this.#count.get(async () => {
      try {
        this.#last = await authority.countActiveAgents()
      } catch {
        // Told by the authority's observer; a scrape that fails would hide every other metric.
      }
      return this.#last
    })
  }
}
