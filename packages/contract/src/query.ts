import type * as v from "valibot"
import { type Decoded, decode } from "./decode.ts"
import { type Encodable, encode } from "./encode.ts"
import type { MessageFields, MessageSchema } from "./message.ts"

/** The part of `URLSearchParams` that is read here. */
export interface QueryParameters {
  getAll(name: string): string[]
}

/** Sixteen digits hold every safe integer; the field's own bounds say the rest. */
const PLAIN_DECIMAL = /^[0-9]{1,16}$/

/**
 * Reads the query parameters that a message names, each at most once; numbers are plain decimal digits. Parameters that it
 * does not name are ignored (CONTRACT 3: a bad value is a 400, never ignored).
 *
 * @example
 * ```ts
 * decodeQuery(auditEventsQuery, new URL(request.url).searchParams)
 * ```
 */
export function decodeQuery<const F extends MessageFields>(
  query: MessageSchema<F>,
  parameters: QueryParameters,
): Decoded<v.InferOutput<MessageSchema<F>>> {
  const wire: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries<v.GenericSchema>(query.entries)) {
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
export function encodeQuery<const F extends MessageFields>(
  query: MessageSchema<F>,
  parameters: Encodable<MessageSchema<F>>,
): string {
  return Object.entries(encode(query, parameters))
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join("&")
}

/** Whether the field, or what it makes optional, is a number. */
function isNumber(schema: v.GenericSchema | { readonly wrapped: v.GenericSchema }): boolean {
  return "wrapped" in schema ? isNumber(schema.wrapped) : schema.type === "number"
}
