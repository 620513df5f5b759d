/** What stands in the place of a secret. */
export const REDACTED = "[redacted]"

/** Shorter secrets are not looked for: they would shred every text that holds them by chance. */
export const MIN_SECRET_LENGTH = 4

/** Hex characters of launch tokens, nonces and client secrets. */
const HEX_LENGTH = 64

/** Runs are taken whole, and each is looked at once. */
const HEX = new RegExp(`(?<![0-9a-f])[0-9a-f]{${HEX_LENGTH},}`, "gi")

const PEM_BEGIN_TEXT = "-----BEGIN "

// The bound on the label keeps the time linear.
const PEM_BEGIN = new RegExp(`${PEM_BEGIN_TEXT}[ -~]{1,64}?-----`, "g")
const PEM_END = /-----END [ -~]{1,64}?-----/g

/** A run of what base64url parts, their padding and the dots between them are made of. */
const DOTTED_RUN = /[\w.=-]+/g

/** Base64url of `{"`, the beginning of every JSON object that has a member. */
const OBJECT_BEGIN = "eyJ"

/** A part of a text, from `start` to before `end`. */
interface Span {
  readonly start: number
  readonly end: number
}

/** What a redactor knows besides the forms that secrets have. */
export interface RedactorOptions {
  /** Secrets known in clear, redacted wherever they occur verbatim. Those under 4 characters are ignored. */
  readonly secrets?: readonly string[]
}

/**
 * Makes a function that puts `[redacted]` in the place of secrets in free text (CONTRACT 4): what looks like a JSON Web Token, also
 * one cut short in its second part or later; PEM blocks, to the end of the text when they have none; runs of 64 and more hex
 * characters; and the given secrets. It takes time in proportion to the text, whatever stands there. It is for `detail` alone: ids
 * are never rewritten.
 * @example createRedactor({ secrets: [adminSecret] })("Authorization: Bearer eyJhbGciOi.eyJpc3Mi.c2ln") // "Authorization: Bearer [redacted]"
 */
export function createRedactor({ secrets = [] }: RedactorOptions = {}): (text: string) => string {
  const known = secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH)
  return (text) => {
    // All are looked for in the text as it came: replacing one at a time would break up what overlaps, and leave its other part.
    // Every line of the log comes through here, and most hold nothing: what cannot be there is not looked for.
    const spans = [
      ...(text.includes(OBJECT_BEGIN) ? tokens(text) : []),
      ...(text.includes(PEM_BEGIN_TEXT) ? pemBlocks(text) : []),
      ...(text.length >= HEX_LENGTH ? hexRuns(text) : []),
      ...known.flatMap((secret) => verbatim(text, secret)),
    ]
    return spans.length === 0 ? text : redact(text, spans)
  }
}

function redact(text: string, spans: Span[]): string {
  let redacted = ""
  let done = 0
  for (const { start, end } of spans.sort((a, b) => a.start - b.start)) {
    // A span that begins inside the one before extends it.
    if (start >= done) redacted += text.slice(done, start) + REDACTED
    done = Math.max(done, end)
  }
  return redacted + text.slice(done)
}

/** Tokens may stand inside a longer run, as in `Bearer%20eyJ…`, so each run is searched for where one begins. */
function* tokens(text: string): Generator<Span> {
  for (const { index, 0: run } of text.matchAll(DOTTED_RUN)) {
    const begin = run.indexOf(OBJECT_BEGIN)
    if (begin === -1) continue
    // A sentence's full stop is no part of the token before it.
    const length = lengthWithoutDots(run)
    const dot = run.indexOf(".", begin)
    if (dot !== -1 && dot < length) yield { start: index + begin, end: index + length }
  }
}

function lengthWithoutDots(run: string): number {
  let length = run.length
  while (run[length - 1] === ".") length--
  return length
}

function* pemBlocks(text: string): Generator<Span> {
  let end = 0
  for (const { index: start, 0: begin } of text.matchAll(PEM_BEGIN)) {
    if (start < end) continue
    PEM_END.lastIndex = start + begin.length
    const match = PEM_END.exec(text)
    end = match === null ? text.length : match.index + match[0].length
    yield { start, end }
  }
}

function* hexRuns(text: string): Generator<Span> {
  for (const { index, 0: run } of text.matchAll(HEX)) yield { start: index, end: index + run.length }
}

function verbatim(text: string, secret: string): Span[] {
  const spans: Span[] = []
  // One step at a time, because occurrences may overlap.
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1))
    spans.push({ start: at, end: at + secret.length })
  return spans
}
