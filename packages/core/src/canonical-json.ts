import { EncodingError } from "./errors.ts"

/** A JSON value. Members that are `undefined` are left out. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject

/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: JsonValue | undefined
}

// Our documents are a few levels deep. The limit turns a cycle or deeply nested input into an error instead of a stack
// overflow.
const MAX_DEPTH = 128

/**
 * The canonical text of a JSON value (RFC 8785): members sorted by UTF-16 code units, no spaces, numbers and strings as
 * in ECMAScript. Equal values give equal text, so its UTF-8 bytes can be hashed and signed.
 * @throws {@link EncodingError} `not_canonicalizable` for NaN, infinities, more than 128 levels, and values without a
 * JSON form (dates, maps, class instances, functions, bigints, `undefined` in an array); `ill_formed_text` for an
 * unpaired surrogate.
 * @example canonicalJson({ b: 1, a: "é" }) // {"a":"é","b":1}
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, 0)
}

// Takes `unknown`: callers can bypass the type, and a signature must not cover a guess.
function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case "string":
      return writeString(value)
    case "number":
      if (!Number.isFinite(value)) throw refused(`the number ${value}`)
      return String(value)
    case "boolean":
      return value ? "true" : "false"
    case "object":
      if (value === null) return "null"
      if (depth >= MAX_DEPTH) throw refused(`more than ${MAX_DEPTH} levels`)
      return Array.isArray(value) ? writeArray(value, depth) : writeObject(value, depth)
    default:
      throw refused(`a value of type ${typeof value}`)
  }
}

function writeString(text: string): string {
  if (!text.isWellFormed()) throw new EncodingError("ill_formed_text", "JSON text has an unpaired surrogate")
  // ECMAScript escapes well-formed text exactly as RFC 8785 section 3.2.2.2 asks.
  return JSON.stringify(text)
}

function writeArray(items: readonly unknown[], depth: number): string {
  let text = "["
  for (let i = 0; i < items.length; i++) {
    if (i > 0) text += ","
    text += write(items[i], depth + 1)
  }
  return `${text}]`
}

function writeObject(value: object, depth: number): string {
  if (!isPlain(value)) throw refused("an object that is not plain")
  const members = value as Readonly<Record<string, unknown>>
  let text = "{"
  // The default order of sort() is by UTF-16 code units, which is the order of RFC 8785 section 3.2.3.
  for (const name of Object.keys(members).sort()) {
    const member = members[name]
    if (member === undefined) continue
    if (text.length > 1) text += ","
    text += `${writeString(name)}:${write(member, depth + 1)}`
  }
  return `${text}}`
}

// Plain in any realm: without a prototype, or with one that has none.
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function refused(what: string): EncodingError {
  return new EncodingError("not_canonicalizable", `JSON has no canonical form for ${what}`)
}
