/** Collects the secrets that a run hands out or plants, and finds them where they must not be. */
export class Secrets {
  readonly #known = new Set<string>()

  /** Short ones would be found by chance. */
  add(secret: unknown): void {
    if (typeof secret === "string" && secret.length >= 24) this.#known.add(secret)
  }

  /** Which of them a text holds; `except`: what its reader was just given. */
  in(text: string, except?: string): string[] {
    // What is long enough to be one, so that a long log is not searched a thousand times.
    const found: string[] = []
    for (const word of text.match(/[\w+/=.-]{24,}/g) ?? []) {
      for (const candidate of [word, ...word.split(/[=.]/), word.replace(/[.,;]+$/, "")])
        if (candidate !== except && this.#known.has(candidate)) found.push(candidate)
    }
    return found
  }
}
