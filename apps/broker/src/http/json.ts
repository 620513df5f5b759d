/** Levels of objects and arrays that a body may nest (CONTRACT 1). */
const MAX_DEPTH = 32

/** The largest whole number that every JSON reader agrees on. */
const MAX_NUMBER = 2 ** 53

/** A body is no JSON that this API accepts; the message says which rule it breaks and quotes nothing of it. */
export class MalformedJsonError extends Error {
  override readonly name = "MalformedJsonError"
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/**
 * Reads a body as JSON whatever its Content-Type (CONTRACT 1). Invalid UTF-8, an unpaired surrogate, nesting deeper than 32
 * and a number beyond ±2^53 are malformed, because readers disagree on what they mean.
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string
  try {
    text = strictUtf8.decode(bytes)
  } catch {
    throw new MalformedJsonError("the body is not valid UTF-8")
  }
  const value = parse(text)
  // 2^53 + 1 is read as 2^53, so where that stands only its source tells them apart.
  if (isAtLimit(value, 1)) refuseRounded(text)
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new MalformedJsonError("the body is not JSON")
  }
}

const NUMBER_BEYOND = "the body holds a number beyond ±2^53"

/** A string, which is passed over, or a number of as many characters as one at the limit has at least. */
const STRING_OR_LONG_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9][0-9.eE+-]{15,}/g

/**
 * Refuses numbers that were rounded to the limit. Looks at the text: a reviver, which is told each source, is called for every
 * value, and took half a second for a megabyte of zeros with one number at the limit behind them.
 */
function refuseRounded(text: string): void {
  for (const [literal] of text.matchAll(STRING_OR_LONG_NUMBER)) {
    if (literal.startsWith('"') || Math.abs(Number(literal)) !== MAX_NUMBER) continue
    if (!/^-?9007199254740992(\.0+)?$/.test(literal)) throw new MalformedJsonError(NUMBER_BEYOND)
  }
}

/** Refuses what is malformed, and answers whether a number stands at the very limit. */
function isAtLimit(value: unknown, depth: number): boolean {
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new MalformedJsonError("the body holds an unpaired surrogate")
    return false
  }
  if (typeof value === "number") {
    if (Math.abs(value) > MAX_NUMBER) throw new MalformedJsonError(NUMBER_BEYOND)
    return Math.abs(value) === MAX_NUMBER
  }
  if (typeof value !== "object" || value === null) return false
  if (depth > MAX_DEPTH) throw new MalformedJsonError(`the body nests deeper than ${MAX_DEPTH}`)
  let found = false
  if (Array.isArray(value)) {
    for (const member of value) if (isAtLimit(member, depth + 1)) found = true
    return found
  }
  for (const [name, member] of Object.entries(value)) {
    isAtLimit(name, depth + 1)
    if (isAtLimit(member, depth + 1)) found = true
  }
  return found
}
