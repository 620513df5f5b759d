import type * as v from "valibot"
import { isRecord } from "./message.ts"
import type { RuleOptions } from "./rule.ts"

/** Why a request could not be read, ready for a problem document (CONTRACT 1, status 400). */
export interface DecodeFailure {
  readonly ok: false
  readonly code: "invalid_request" | "invalid_ttl"
  /** What is accepted, beginning with the field's name. Never holds the received value, which may be a secret. */
  readonly detail: string
  /** The first field at fault by its wire path (`requested_scope[1]`); `undefined` when the whole body is. */
  readonly field: string | undefined
}

/** What {@link decode} answers. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | DecodeFailure

// One fault is all that a client is told, so the search stops at the first.
const FIRST_FAULT = { abortEarly: true, abortPipeEarly: true } as const

/**
 * Reads a message's wire form, as `JSON.parse` made it, into its camelCase form. An absent body is `undefined`.
 *
 * @example
 * ```ts
 * const request = decode(registrationRequest, await body(c))
 * if (!request.ok) return refuse(request.code, request.detail)
 * request.value.launchToken
 * ```
 */
export function decode<const S extends v.GenericSchema>(schema: S, value: unknown): Decoded<v.InferOutput<S>> {
  if (!isRecord(value))
    return { ok: false, code: "invalid_request", detail: "the body must be a JSON object", field: undefined }
  const dataset = schema["~run"]({ value }, FIRST_FAULT)
  return dataset.issues ? faultOf(dataset.issues[0]) : { ok: true, value: dataset.value }
}

function faultOf(issue: v.BaseIssue<unknown>): DecodeFailure {
  const field = issue.path && wirePath(issue.path)
  // valibot words its own issues with the received value; only texts written in this package begin like this.
  const accepted = issue.message.startsWith("must ") ? issue.message : "must be of the documented form"
  const missing = issue.path?.at(-1)?.origin === "key"
  const detail = missing ? `${field} is missing: it ${accepted}` : `${field ?? "the body"} ${accepted}`
  return { ok: false, code: isTtl(issue.requirement) ? "invalid_ttl" : "invalid_request", detail, field }
}

function wirePath(path: readonly v.IssuePathItem[]): string {
  let text = ""
  for (const { key } of path)
    text += typeof key === "number" ? `[${key}]` : text === "" ? String(key) : `.${String(key)}`
  return text
}

function isTtl(requirement: unknown): boolean {
  return isRecord(requirement) && (requirement as Partial<RuleOptions>).code === "invalid_ttl"
}
