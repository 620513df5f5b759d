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
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new MalformedJsonError("the body is not JSON")
  }
  refuseUnsafe(value, text, 1)
  return value
}

function refuseUnsafe(value: unknown, text: string, depth: number): void {
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new MalformedJsonError("the body holds an unpaired surrogate")
  } else if (typeof value === "number") {
    if (Math.abs(value) >= MAX_NUMBER && beyond(value, text))
      throw new MalformedJsonError("the body holds a number beyond ±2^53")
  } else if (typeof value === "object" && value !== null) {
    if (depth > MAX_DEPTH) throw new MalformedJsonError(`the body nests deeper than ${MAX_DEPTH}`)
    if (Array.isArray(value)) for (const item of value) refuseUnsafe(item, text, depth + 1)
    else
      for (const name of Object.keys(value)) {
        refuseUnsafe(name, text, depth + 1)
        refuseUnsafe((value as Record<string, unknown>)[name], text, depth + 1)
      }
  }
}

/** 2^53 + 1 is read as 2^53, so that only the text tells them apart. */
function beyond(value: number, text: string): boolean {
  return (
    Math.abs(value) > MAX_NUMBER ||
    (text.match(/-?\d[\d.eE+-]*/g) ?? []).some(
      (digits) => Math.abs(Number(digits)) === MAX_NUMBER && !/^-?9007199254740992(\.0+)?$/.test(digits),
    )
  )
}
