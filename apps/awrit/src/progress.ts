import type { Output } from "./output.ts"

/** Milliseconds between two pictures. */
const PERIOD = 100

/** Columns of the bar itself. */
const BAR = 24

/** A bar for long work on the terminal of messages; nothing is shown where they are read elsewhere. */
export class Progress {
  readonly #out: Output
  readonly #verb: string
  #shownAt = 0

  /** @param verb what is counted and done, such as `events verified`. */
  constructor(out: Output, verb: string) {
    this.#out = out
    this.#verb = verb
  }

  /** Shows how far it is; some pictures are left out, so that showing costs nothing. */
  readonly show = (done: number, total: number): void => {
    const now = performance.now()
    if (now - this.#shownAt < PERIOD && done < total) return
    this.#shownAt = now
    const part = total === 0 ? 1 : Math.min(1, done / total)
    const filled = Math.round(part * BAR)
    const bar = "█".repeat(filled) + "░".repeat(BAR - filled)
    const text = `${bar} ${Math.floor(part * 100)}%  ${done} of ${total} ${this.#verb}`
    this.#out.status(text.slice(0, this.#out.statusWidth - 1))
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#shownAt > 0) this.#out.status("")
  }
}
