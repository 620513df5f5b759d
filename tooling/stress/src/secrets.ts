/** Characters of launch tokens and client secrets, hexadecimal ones. */
const HEX = 64

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
  const signatures = [TOKEN, SIGNATURE].flatMap((form) => Array.from(text.matchAll(form), ([, one = ""]) => one))
  return [...hexWords(text), ...signatures]
}

/** Every 64 hexadecimal characters, within longer runs too. */
function hexWords(text: string): string[] {
  const words: string[] = []
  // A run of so many goes over one of these places: looking at all the others took longer than the rest of the search.
  for (let at = HEX - 1; at < text.length; at += HEX) {
    let start = at
    let end = at
    while (isHex(text.charCodeAt(start - 1)) && at - start < HEX) start--
    while (isHex(text.charCodeAt(end)) && end - at < HEX) end++
    for (let from = start; from + HEX <= end; from++) words.push(text.slice(from, from + HEX))
  }
  return words
}

const isHex = (code: number): boolean => (code >= 48 && code <= 57) || (code >= 97 && code <= 102)
