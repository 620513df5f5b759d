import * as v from "valibot"
import { isMessage, isRecord } from "./message.ts"

/** Why a request could not be read, ready for a problem document (CONTRACT 1, status 400). */
export interface DecodeFailure {
  readonly ok: false
  readonly code: "invalid_request" | "invalid_ttl"
  /** What is accepted, beginning with the field's name. Never holds the received value, which may be a secret. */
  readonly detail: string
  /** The first wrong field by its wire path (`requested_scope[1]`); `undefined` when the whole body is wrong. */
  readonly field: string | undefined
}

/** The result of {@link decode}. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | DecodeFailure

// A client gets one fault only, so validation stops at the first.
const FIRST_FAULT = { abortEarly: true, abortPipeEarly: true } as const

/**
 * Reads the wire form of a message, as `JSON.parse` returned it, into its camelCase form. `null` for an optional member
 * is as if it were absent. Pass `undefined` for an absent body.
 *
 * @example
 * ```ts
 * const request = decode(registrationRequest, JSON.parse(body))
 * if (!request.ok) throw new Error(request.detail)
 * request.value.launchToken
 * ```
 */
export function decode<const S extends v.GenericSchema>(schema: S, value: unknown): Decoded<v.InferOutput<S>> {
  if (!isRecord(value))
    return { ok: false, code: "invalid_request", detail: "the body must be a JSON object", field: undefined }
  const result = v.safeParse(schema, withoutNulls(schema, value), FIRST_FAULT)
  return result.success ? { ok: true, value: result.output } : failureOf(result.issues[0])
}

/** A message without the `null` of its optional members, which is as if they were absent (CONTRACT 1). */
function withoutNulls(schema: v.GenericSchema, value: Record<string, unknown>): Record<string, unknown> {
  if (!isMessage(schema)) return value
  const isLeftOut = (name: string) => value[name] === null && schema.entries[name]?.type === "exact_optional"
  if (!Object.keys(schema.entries).some(isLeftOut)) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => !isLeftOut(name)))
}

function failureOf({ kind, type, message, path }: v.BaseIssue<unknown>): DecodeFailure {
  const field = path && wirePath(path)
  // valibot's default messages quote the received value; only messages of this package begin with "must".
  const accepted = message.startsWith("must ") ? message : "must be of the documented form"
  const isMissing = kind === "schema" && path?.at(-1)?.value === undefined
  const detail =
    field !== undefined && isMissing ? `${field} is missing: it ${accepted}` : `${field ?? "the body"} ${accepted}`
  const isTtlBound = (type === "min_value" || type === "max_value") && field?.endsWith("ttl")
  return { ok: false, code: isTtlBound ? "invalid_ttl" : "invalid_request", detail, field }
}

function wirePath(path: readonly v.IssuePathItem[]): string {
  let text = ""
  for (const { key } of path)
    text += typeof key === "number" ? `[${key}]` : text === "" ? String(key) : `.${String(key)}`
  return text
}
