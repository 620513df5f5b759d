import type * as v from "valibot"
import { type CodecSchema, codec } from "./codec.ts"
import {
  type Flat,
  isRecord,
  type MessageFields,
  type MessageSchema,
  message,
  type OptionalField,
  wireName,
} from "./message.ts"
import type { VariantOption, VariantSchema } from "./variant.ts"

/**
 * What {@link encode} accepts for a schema: a message's camelCase form, where an optional field, or one with a default, may
 * be missing or undefined, and lists may be read-only.
 */
export type Encodable<S> = S extends { readonly fields: infer F extends MessageFields }
  ? EncodableFields<F>
  : S extends { readonly wrapped: infer W }
    ? Encodable<W> | undefined
    : S extends { readonly type: "array"; readonly item: infer I }
      ? readonly Encodable<I>[]
      : S extends { readonly type: "variant"; readonly options: readonly (infer O)[] }
        ? Encodable<O>
        : S extends { readonly toWire: (value: infer T) => string }
          ? T
          : S extends v.GenericSchema
            ? PlainInput<v.InferInput<S>>
            : never

type EncodableFields<F extends MessageFields> = Flat<
  { readonly [K in keyof F as F[K] extends OptionalField ? never : K]: Encodable<F[K]> } & {
    readonly [K in keyof F as F[K] extends OptionalField ? K : never]?: Encodable<F[K]>
  }
>

type PlainInput<T> = T extends readonly (infer I)[] ? readonly I[] : T
/**
 * The wire form of a value: names in snake_case, through nested messages, lists and variants. Fields that are undefined are
 * left out, and so is whatever the message does not name: a secret beside the answer stays here. Signed documents (claims,
 * events, JWKs) are no messages and pass unchanged. Nothing is checked: the value is our own.
 *
 * @example
 * ```ts
 * encode(registrationResponse, { agentId, accessToken, expiresIn: 300 })
 * // { agent_id: …, access_token: …, expires_in: 300 }
 * ```
 */
export function encode<const S extends v.GenericSchema>(schema: S, value: Encodable<S>): v.InferInput<S> {
  const written: unknown = writerOf(schema)?.(value) ?? value
  return written as v.InferInput<S>
}

/** Writes one value, or is `undefined` where the value is its own wire form. */
type Writer = ((value: unknown) => unknown) | undefined

const writers: WeakMap<v.GenericSchema, { readonly write: Writer }> = new WeakMap()

function writerOf(schema: v.GenericSchema): Writer {
  let known = writers.get(schema)
  if (known === undefined) {
    known = { write: makeWriter(schema) }
    writers.set(schema, known)
  }
  return known.write
}

function makeWriter(schema: v.GenericSchema): Writer {
  if (isMessage(schema)) return messageWriter(schema.fields)
  if (isVariant(schema)) return (value) => encode(schema.optionOf(value), value)
  if (isCodec(schema)) return (value) => schema.toWire(value)
  if (isWrapper(schema)) return writerOf(schema.wrapped)
  const write = isArray(schema) ? writerOf(schema.item) : undefined
  return write && ((value) => (Array.isArray(value) ? value.map(write) : value))
}

function messageWriter(fields: MessageFields): Writer {
  const plan = Object.entries(fields).map(([name, field]) => ({ name, wire: wireName(name), write: writerOf(field) }))
  return (value) => {
    if (!isRecord(value)) throw new TypeError("encode: a message must be an object")
    const output: Record<string, unknown> = {}
    for (const { name, wire, write } of plan) {
      const field = value[name]
      if (field !== undefined) output[wire] = write ? write(field) : field
    }
    return output
  }
}

// A pipe keeps the members of its first schema, `reference` among them.
function isMessage(schema: v.GenericSchema): schema is MessageSchema<MessageFields> {
  return schema.reference === message
}

function isVariant(schema: v.GenericSchema): schema is VariantSchema<string, readonly VariantOption<string>[]> {
  // Not by its function, which would bring every bundle all of it.
  return schema.type === "variant"
}

function isCodec(schema: v.GenericSchema): schema is CodecSchema<unknown> {
  return schema.reference === codec
}

function isWrapper(schema: v.GenericSchema): schema is v.GenericSchema & { readonly wrapped: v.GenericSchema } {
  return "wrapped" in schema
}

function isArray(schema: v.GenericSchema): schema is v.GenericSchema & { readonly item: v.GenericSchema } {
  return schema.type === "array"
}
