/** The replacement of a secret. */
export const REDACTED = "[redacted]"

/** Shorter secrets are ignored: they occur in ordinary text by chance. */
export const MIN_SECRET_LENGTH = 4

/** The length of launch tokens, nonces and client secrets in hex characters. */
const HEX_LENGTH = 64

/** Matches whole runs, so that each is searched once. */
const HEX = new RegExp(`(?<![0-9a-f])[0-9a-f]{${HEX_LENGTH},}`, "gi")

const PEM_BEGIN_TEXT = "-----BEGIN "

// The limit on the label keeps the time linear.
const PEM_BEGIN = new RegExp(`${PEM_BEGIN_TEXT}[ -~]{1,64}?-----`, "g")
const PEM_END = /-----END [ -~]{1,64}?-----/g

/** A run of base64url characters, padding and dots. */
const DOTTED_RUN = /[\w.=-]+/g

/** Base64url of `{"`, the start of every JSON object with a member. */
const OBJECT_BEGIN = "eyJ"

/** A part of a text, from `start` up to but not including `end`. */
interface Span {
  readonly start: number
  readonly end: number
}

/** Options of {@link createRedactor}. */
export interface RedactorOptions {
  /** Known secrets, redacted wherever they occur verbatim. Those under 4 characters are ignored. */
  readonly secrets?: readonly string[]
}

/**
 * Creates a function that replaces secrets in free text by `[redacted]` (CONTRACT 4): anything that looks like a JSON
 * Web Token, even if it is cut in its second part or later; PEM blocks, up to the end of the text when their end is
 * missing; runs of 64 or more hex characters; and the given secrets. Its time is linear in the length of any text. Use
 * it for `detail` only: ids are never rewritten.
 * @example createRedactor({ secrets: [adminSecret] })("Authorization: Bearer eyJhbGciOi.eyJpc3Mi.c2ln") //
 * "Authorization: Bearer [redacted]"
 */
export function createRedactor({ secrets = [] }: RedactorOptions = {}): (text: string) => string {
  const known = secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH)
  return (text) => {
    // All searches run on the original text: replacing one secret at a time would leave parts of secrets that overlap
    // it. Every log line comes through here and most have no secret, so searches that cannot match are skipped.
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

/** A token may be inside a longer run, as in `Bearer%20eyJ…`, so each run is searched for the start of a token. */
function* tokens(text: string): Generator<Span> {
  for (const { index, 0: run } of text.matchAll(DOTTED_RUN)) {
    const begin = run.indexOf(OBJECT_BEGIN)
    if (begin === -1) continue
    // A full stop after the token is not part of it.
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
  // One character at a time, because occurrences may overlap.
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1))
    spans.push({ start: at, end: at + secret.length })
  return spans
}
