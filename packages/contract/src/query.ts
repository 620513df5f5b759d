import type * as v from "valibot"
import { type Decoded, decode } from "./decode.ts"
import { type Encodable, encode } from "./encode.ts"
import type { ParameterSchema } from "./message.ts"

/** The part of `URLSearchParams` that is read here. */
export interface QueryParameters {
  getAll(name: string): string[]
}

/** Sixteen digits hold every safe integer; the field's own bounds do the rest. */
const PLAIN_DECIMAL = /^[0-9]{1,16}$/

/**
 * Reads the query parameters that a message names. Each may be given at most once; numbers are plain decimal digits.
 * Other parameters are ignored. A bad value is refused and never ignored (CONTRACT 3).
 *
 * @example
 * ```ts
 * decodeQuery(auditEventsQuery, new URL(request.url).searchParams)
 * ```
 */
export function decodeQuery<const S extends ParameterSchema>(
  query: S,
  parameters: QueryParameters,
): Decoded<v.InferOutput<S>> {
  const wire: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries<FieldSchema>(query.entries)) {
    const [value, again] = parameters.getAll(name)
    if (again !== undefined)
      return { ok: false, code: "invalid_request", detail: `${name} must be given at most once`, field: name }
    if (value !== undefined) wire[name] = isNumber(schema) && PLAIN_DECIMAL.test(value) ? Number(value) : value
  }
  return decode(query, wire)
}

/**
 * The query string of the given parameters, without its `?`; `""` when there are none.
 *
 * @example
 * ```ts
 * encodeQuery(auditEventsQuery, { eventType: "token_revoked", limit: 50 }) // "event_type=token_revoked&limit=50"
 * ```
 */
export function encodeQuery<const S extends ParameterSchema>(query: S, parameters: Encodable<S>): string {
  return Object.entries(encode(query, parameters) as object)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join("&")
}

type FieldSchema = ParameterSchema["entries"][string]

/** Whether the field, or the field that it makes optional, is a number. */
function isNumber(schema: FieldSchema): boolean {
  return "wrapped" in schema ? isNumber(schema.wrapped as FieldSchema) : schema.type === "number"
}
