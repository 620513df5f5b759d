import * as v from "valibot"
import { type CamelCase, camelCase } from "./key-case.ts"
import { isMessage, isRecord, type MessageFields } from "./message.ts"

/**
 * The value that {@link encode} takes for a schema: the camelCase form of a message. Fields that are optional or have a
 * default may be missing or undefined, and lists may be read-only.
 */
export type Encodable<S> = S extends { readonly type: "variant"; readonly options: readonly (infer O)[] }
  ? Encodable<O>
  : S extends { readonly type: "object"; readonly entries: infer F extends MessageFields }
    ? EncodableFields<F>
    : S extends { readonly wrapped: infer W }
      ? Encodable<W> | undefined
      : S extends { readonly type: "array"; readonly item: infer I }
        ? readonly Encodable<I>[]
        : S extends v.GenericSchema
          ? PlainOutput<v.InferOutput<S>>
          : never

type EncodableFields<F extends MessageFields> = Flat<
  {
    readonly [K in keyof F & string as F[K] extends OptionalField ? never : CamelCase<K>]: Encodable<F[K]>
  } & {
    readonly [K in keyof F & string as F[K] extends OptionalField ? CamelCase<K> : never]?: Encodable<F[K]>
  }
>

/** A field that may be absent on the wire. */
interface OptionalField {
  readonly type: "exact_optional" | "optional"
}

/** The same type with its intersections worked out, for readable compiler messages. */
type Flat<T> = { [K in keyof T]: T[K] } & {}

type PlainOutput<T> = T extends readonly (infer I)[] ? readonly I[] : T

/**
 * The wire form of a value: names in snake_case, also in nested messages, lists and variants. Left out are fields that
 * are undefined and members that the message does not name, so that a secret beside the answer does not get out. Signed
 * documents (claims, events, JWKs) are not messages and pass unchanged. The value is ours and is not validated.
 *
 * @example
 * ```ts
 * encode(registrationResponse, { agentId: agent.id, accessToken: token, expiresIn: 300 })
 * // { agent_id: …, access_token: …, expires_in: 300 }
 * ```
 */
export function encode<const S extends v.GenericSchema>(schema: S, value: Encodable<S>): v.InferInput<S> {
  const written: unknown = writerOf(schema)?.(value) ?? value
  return written as v.InferInput<S>
}

/** Writes one value; `undefined` where the value is its own wire form. */
type Writer = ((value: unknown) => unknown) | undefined

/** The writer of each schema, made at its first use. */
const writers = new WeakMap<object, { readonly write: Writer }>()

function writerOf(schema: v.GenericSchema): Writer {
  let known = writers.get(schema)
  if (known === undefined) {
    known = { write: makeWriter(schema) }
    writers.set(schema, known)
  }
  return known.write
}

function makeWriter(schema: v.GenericSchema): Writer {
  if (isWrapper(schema)) return writerOf(schema.wrapped)
  if (isVariant(schema)) return variantWriter(schema)
  if (isMessage(schema)) return messageWriter(schema.entries)
  const { toWire } = v.getMetadata(schema)
  if (toWire !== undefined) return toWire as Writer
  const write = isArray(schema) ? writerOf(schema.item) : undefined
  return write && ((value) => (Array.isArray(value) ? value.map(write) : value))
}

function messageWriter(entries: MessageFields): Writer {
  const fields = Object.entries<v.GenericSchema>(entries as Record<string, v.GenericSchema>).map(([wire, schema]) => ({
    wire,
    name: camelCase(wire),
    write: writerOf(schema),
  }))
  return (value) => {
    if (!isRecord(value)) throw new TypeError("encode: a message must be an object")
    const output: Record<string, unknown> = {}
    for (const { name, wire, write } of fields) {
      const field = value[name]
      if (field !== undefined) output[wire] = write ? write(field) : field
    }
    return output
  }
}

function variantWriter({ key, options }: Variant): Writer {
  const byTag = new Map(options.map((option) => [option.entries[key]?.literal, option]))
  return (value) => {
    const option = isRecord(value) ? byTag.get(value[camelCase(key)]) : undefined
    if (option === undefined) throw new TypeError(`encode: no variant has this ${key}`)
    return encode(option, value as never)
  }
}

interface Variant {
  readonly key: string
  readonly options: readonly (v.GenericSchema & { readonly entries: Record<string, { readonly literal: unknown }> })[]
}

function isVariant(schema: v.GenericSchema): schema is v.GenericSchema & Variant {
  return schema.type === "variant"
}

function isWrapper(schema: v.GenericSchema): schema is v.GenericSchema & { readonly wrapped: v.GenericSchema } {
  return "wrapped" in schema
}

function isArray(schema: v.GenericSchema): schema is v.GenericSchema & { readonly item: v.GenericSchema } {
  return schema.type === "array"
}
