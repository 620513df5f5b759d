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
  if (isAtLimit(value, 1)) parse(text, refuseRounded)
  return value
}

function parse(text: string, reviver?: typeof refuseRounded): unknown {
  try {
    // TypeScript's library does not know the third argument of a reviver yet (ECMAScript 2026).
    return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1])
  } catch (error) {
    if (error instanceof MalformedJsonError) throw error
    throw new MalformedJsonError("the body is not JSON")
  }
}

const NUMBER_BEYOND = "the body holds a number beyond ±2^53"

function refuseRounded(_name: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value === "number" && Math.abs(value) === MAX_NUMBER && !/^-?9007199254740992(\.0+)?$/.test(source ?? ""))
    throw new MalformedJsonError(NUMBER_BEYOND)
  return value
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
  const members = Array.isArray(value) ? value : [...Object.keys(value), ...Object.values(value)]
  for (const member of members) if (isAtLimit(member, depth + 1)) found = true
  return found
}
