const WORD = /^[\w+/=.-]+$/

/** Collects the secrets that a run hands out or plants, and finds them where they must not be. */
export class Secrets {
  readonly #known = new Set<string>()
  /** Those of more than one word. */
  readonly #phrases = new Set<string>()

  /** Short ones would be found by chance. */
  add(secret: unknown): void {
    if (typeof secret !== "string" || secret.length < 24) return
    if (WORD.test(secret)) this.#known.add(secret)
    else this.#phrases.add(secret)
  }

  /** Adds a secret on its way to whoever uses it. */
  keep(secret: string): string {
    this.add(secret)
    return secret
  }

  /** Which of them a text holds; `except`: what its reader was just given. */
  in(text: string, except?: string): string[] {
    // What is long enough to be one, so that a long log is not searched a thousand times.
    const found = [...this.#phrases].filter((phrase) => phrase !== except && text.includes(phrase))
    for (const word of text.match(/[\w+/=.-]{24,}/g) ?? []) {
      for (const candidate of [word, ...word.split(/[=.]/), word.replace(/[.,;]+$/, "")])
        if (candidate !== except && this.#known.has(candidate)) found.push(candidate)
    }
    return found
  }
}
