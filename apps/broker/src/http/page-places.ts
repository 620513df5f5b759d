import type { ServerResponse } from "node:http"
import { SourceQuota } from "./source-quota.ts"

/**
 * Large pages of the feed that may wait for readers at a time. One is up to 0.8 MB, so that they fill 51 MB at most. Many verifiers
 * behind one address are not held up: at 100 Mbit/s sixteen pages are read in a second.
 */
const PAGES = { ofSource: 16, inAll: 64 }

/** Milliseconds that a reader may take until it has read a page, or wait for a place to get one. */
export const PATIENCE = 30_000

/** A stream's place among them, taken before a page is made for it and given back once it has read that. */
export interface PagePlace {
  /** Answers once there is a place, which is this stream's until it gives it back. */
  take(): Promise<void>
  /** Gives the place back, or stops waiting for one. */
  giveBack(): void
}

/**
 * Bounds what readers of pages can take: whoever asks for another position gets a page of its own, so that many who do not read what
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
        this.#giveBack(source)
      },
    }
    return place
  }

  /** Whether there is a place for a page that is an answer by itself; it holds the place until that is over. */
  holdFor(source: string, answer: ServerResponse): boolean {
    // Whoever went away is sent nothing.
    if (answer.destroyed) return true
    if (!this.#taken.take(source)) return false
    endsWithinPatience(answer, () => this.#giveBack(source))
    return true
  }

  #giveBack(source: string): void {
    this.#taken.giveBack(source)
    this.#next()
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

/** Gives an answer so long to be read, and then closes its connection; calls `ended` however it ended. */
function endsWithinPatience(answer: ServerResponse, ended: () => void): void {
  // The connection, because an answer that waits behind others of its own would keep its bytes.
  const late = setTimeout(() => answer.req.socket.destroy(), PATIENCE).unref()
  answer.once("close", () => {
    clearTimeout(late)
    ended()
  })
}
