/** How deep objects and arrays may nest (CONTRACT 1). */
const MAX_DEPTH = 32

/** The largest number (CONTRACT 1): beyond it, JSON readers disagree. */
const MAX_NUMBER = 2 ** 53

/**
 * A body is not JSON that this API accepts. The message names the rule that it breaks and quotes nothing of the body.
 */
export class MalformedJsonError extends Error {
  override readonly name = "MalformedJsonError"
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/**
 * Reads a body as JSON, whatever its Content-Type (CONTRACT 1). Invalid UTF-8, an unpaired surrogate, nesting deeper
 * than 32 and a number beyond ±2^53 are malformed, because readers disagree about their meaning.
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string
  try {
    text = strictUtf8.decode(bytes)
  } catch {
    throw new MalformedJsonError("the body is not valid UTF-8")
  }
  const value = parse(text)
  // JSON.parse reads 2^53 + 1 as 2^53. Only the text differs.
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

/** A string, which is skipped, or a number of at least as many characters as one at the limit. */
const STRING_OR_LONG_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9][0-9.eE+-]{15,}/g

/**
 * Refuses numbers that were rounded to the limit. It searches the text, because a reviver is called for every value and
 * took half a second for a megabyte of zeros.
 */
function refuseRounded(text: string): void {
  for (const [literal] of text.matchAll(STRING_OR_LONG_NUMBER)) {
    if (literal.startsWith('"') || Math.abs(Number(literal)) !== MAX_NUMBER) continue
    if (!/^-?9007199254740992(\.0+)?$/.test(literal)) throw new MalformedJsonError(NUMBER_BEYOND)
  }
}

/** Refuses what is malformed. Returns whether a number is exactly at the limit. */
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
