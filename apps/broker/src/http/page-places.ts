import { SourceQuota } from "./source-quota.ts"

/** Pages of the feed that may wait for readers at a time. One is up to 0.8 MB. */
const PAGES = { ofSource: 16, inAll: 64 }

/** A stream's place among them, taken before a page is made for it and given back once it has read that. */
export interface PagePlace {
  /** Answers once there is a place, which is this stream's until it gives it back. */
  take(): Promise<void>
  /** Gives the place back, or stops waiting for one. */
  giveBack(): void
}

/**
 * Bounds what joining streams can take: whoever asks for another position gets a page of its own, so that many who do not read what
 * they asked for would fill the memory.
 */
export class PagePlaces {
  readonly #taken = new SourceQuota(PAGES)
  /** In the order in which they came. */
  readonly #waiting = new Map<PagePlace, { readonly source: string; readonly hold: () => void }>()

  of(source: string): PagePlace {
    let held = false
    const place: PagePlace = {
      take: () =>
        new Promise((resolve) => {
          const hold = (): void => {
            held = true
            resolve()
          }
          if (held || this.#taken.take(source)) hold()
          else this.#waiting.set(place, { source, hold })
        }),
      giveBack: () => {
        this.#waiting.delete(place)
        if (!held) return
        held = false
        this.#taken.giveBack(source)
        this.#next()
      },
    }
    return place
  }

  #next(): void {
    for (const [place, { source, hold }] of this.#waiting) {
      if (!this.#taken.take(source)) continue
      this.#waiting.delete(place)
      hold()
      return
    }
  }
}
