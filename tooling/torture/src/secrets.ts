/** Launch tokens and client secrets, which may stand within a longer run. */
const HEX = /[0-9a-f]{64,}/g

/** The signature of a token, which no other token has. */
const TOKEN = /\.([\w-]{86})/g

/** The signature of a registration, in base64; the log writes its padding as an escape. */
const SIGNATURE = /(?:=|\\u003d)(?<=([\w+/]{86})(?:=|\\u003d))/g

/** Collects the secrets that a run hands out or plants, and finds them where they must not be. */
export class Secrets {
  /** By what of them no other has. */
  readonly #known = new Map<string, string>()
  /** Those of no such form, which are looked for one by one. */
  readonly #phrases = new Set<string>()

  /** Short ones would be found by chance. */
  add(secret: unknown): void {
    if (typeof secret !== "string" || secret.length < 24) return
    const key = candidates(secret).at(-1)
    if (key === undefined) this.#phrases.add(secret)
    else this.#known.set(key, secret)
  }

  /** Adds a secret on its way to whoever uses it. */
  keep(secret: string): string {
    this.add(secret)
    return secret
  }

  /** Which of them a text holds, whatever stands right before and behind them. */
  in(text: string): string[] {
    const found = new Set([...this.#phrases].filter((phrase) => text.includes(phrase)))
    for (const candidate of candidates(text)) {
      const secret = this.#known.get(candidate)
      if (secret !== undefined) found.add(secret)
    }
    return [...found]
  }
}

/** Whatever in a text could be a secret of these forms, wherever it stands: all are looked up, so that a long log is searched once. */
function candidates(text: string): string[] {
  const hex = (text.match(HEX) ?? []).flatMap((run) =>
    Array.from({ length: run.length - 63 }, (_, at) => run.slice(at, at + 64)),
  )
  const signatures = [TOKEN, SIGNATURE].flatMap((form) => Array.from(text.matchAll(form), ([, one = ""]) => one))
  return [...hex, ...signatures]
}
