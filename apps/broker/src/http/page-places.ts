/** Pages of the feed that may wait for readers at a time: those of one source, and in all. One is up to 0.8 MB. */
const OF_SOURCE = 16
const IN_ALL = 64

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
  #taken = 0
  readonly #bySource = new Map<string, number>()
  /** In the order in which they came. */
  readonly #waiting = new Map<PagePlace, { readonly source: string; readonly take: () => void }>()

  of(source: string): PagePlace {
    let taken = false
    const place: PagePlace = {
      take: () =>
        new Promise((resolve) => {
          const take = (): void => {
            taken = true
            this.#count(source, 1)
            resolve()
          }
          if (taken) resolve()
          else if (this.#isRoom(source)) take()
          else this.#waiting.set(place, { source, take })
        }),
      giveBack: () => {
        this.#waiting.delete(place)
        if (!taken) return
        taken = false
        this.#count(source, -1)
        this.#next()
      },
    }
    return place
  }

  #isRoom(source: string): boolean {
    return this.#taken < IN_ALL && (this.#bySource.get(source) ?? 0) < OF_SOURCE
  }

  #count(source: string, change: number): void {
    this.#taken += change
    const ofSource = (this.#bySource.get(source) ?? 0) + change
    if (ofSource === 0) this.#bySource.delete(source)
    else this.#bySource.set(source, ofSource)
  }

  #next(): void {
    for (const [place, { source, take }] of this.#waiting) {
      if (!this.#isRoom(source)) continue
      this.#waiting.delete(place)
      take()
      return
    }
  }
}
