import {
  isAgentId,
  isPathSegment,
  isReservedScope,
  isScope,
  MAX_AGENT_ID_LENGTH,
  MAX_SCOPE_LENGTH,
} from "@agentwrit/core"
import * as v from "valibot"
import { type CodecSchema, codec } from "./codec.ts"
import { type ListSchema, list } from "./list.ts"
import { formatInstant, parseInstant, type Rounding } from "./rfc3339.ts"
import { rule, type SchemaFragment } from "./rule.ts"

/** How many scopes a list may hold. With 256 bytes each, more could not travel in an Authorization header anyway. */
export const MAX_SCOPES = 256

/** How many characters (code points) an agent's name may have (CONTRACT 3, "launch-tokens"). */
export const MAX_AGENT_NAME = 256

/** How many characters a presented client id may have; ours have fewer, and limiters keep it as a key. */
export const MAX_CLIENT_ID = 256

/** The field with a description for the OpenAPI document; how it parses, and how fast, stays the same. */
export function documented<S extends v.GenericSchema>(schema: S, description: string): S {
  const pipe: readonly unknown[] = "pipe" in schema && Array.isArray(schema.pipe) ? schema.pipe : [schema]
  return { ...schema, pipe: [...pipe, v.description(description)] }
}

/** Any string. Where a secret is presented, its form is nobody's business but the check that follows. */
export function text(): v.GenericSchema<string> {
  return v.string("must be a string")
}

/** `true` or `false`. */
export function flag(): v.GenericSchema<boolean> {
  return v.boolean("must be true or false")
}

/** One of a few words. */
export function oneOf<const W extends readonly string[]>(...words: W): v.GenericSchema<W[number]> {
  return v.picklist(words, `must be one of ${words.join(", ")}`)
}

/** A string of a fixed form. */
export function patterned(pattern: RegExp, message: string, maxLength?: number): v.GenericSchema<string> {
  return string((value) => (maxLength === undefined || value.length <= maxLength) && pattern.test(value), message, {
    pattern: pattern.source,
    ...(maxLength !== undefined && { maxLength }),
  })
}

/** Lower-case hex of a fixed number of characters. */
export function hex(characters: number): v.GenericSchema<string> {
  return patterned(new RegExp(`^[0-9a-f]{${characters}}$`), `must be ${characters} lower-case hex characters`)
}

/** A whole number within bounds, both included. */
export function wholeNumber(minimum = 0, maximum: number = Number.MAX_SAFE_INTEGER): v.GenericSchema<number> {
  const message = `must be a whole number${range(minimum, maximum)}`
  return v.pipe(
    v.number(message),
    rule((value) => Number.isInteger(value) && value >= minimum && value <= maximum, {
      message,
      jsonSchema: { type: "integer", minimum, maximum },
    }),
  )
}

/** Whole seconds that an answer speaks of. */
export function seconds(): v.GenericSchema<number> {
  return wholeNumber(0)
}

/**
 * A TTL in whole seconds that a client asks for (CONTRACT 2, "TTL"). Out of bounds is `invalid_ttl`; anything but a whole
 * number is `invalid_request`.
 */
export function ttl(minimum = 1, maximum: number = Number.MAX_SAFE_INTEGER): v.GenericSchema<number> {
  const message = `must be a whole number of seconds${range(minimum, maximum)}`
  return v.pipe(
    v.number(message),
    rule<number>(Number.isInteger, { message, jsonSchema: { type: "integer" } }),
    rule((value) => value >= minimum && value <= maximum, {
      message,
      code: "invalid_ttl",
      jsonSchema: { minimum, maximum },
    }),
  )
}

/** An RFC 3339 instant: text on the wire, milliseconds since the Unix epoch in code. */
export function instant(rounding: Rounding = "down"): CodecSchema<number> {
  return codec({
    message: "must be an RFC 3339 date-time such as 2026-03-29T00:00:00Z (in a URL, write + as %2B)",
    decode: (value) => parseInstant(value, rounding),
    encode: formatInstant,
    jsonSchema: { format: "date-time" },
  })
}

const SCOPE_PART = String.raw`[!#-)+\--9;-\[\]-~]`
const SCOPE_MESSAGE =
  "must be a scope, action:resource:identifier, of at most 256 printable ASCII characters without space, comma, quote and backslash, and with * only as the whole identifier"

/** One scope of any action (CONTRACT 2, "Scope"). */
function scope(): v.GenericSchema<string> {
  return string(isScope, SCOPE_MESSAGE, scopeSchema(""))
}

/** One scope that may be granted to agents: its action is not reserved (CONTRACT 2, "Reserved"). */
function grantableScope(): v.GenericSchema<string> {
  return v.pipe(
    scope(),
    rule((value) => !isReservedScope(value), {
      message: "must not name a reserved action (admin, app)",
      jsonSchema: scopeSchema("(?!(?:admin|app):)"),
    }),
  )
}

function scopeSchema(first: string): SchemaFragment {
  return {
    pattern: `^${first}${SCOPE_PART}+:${SCOPE_PART}+:(?:\\*|[!#-)+\\--\\[\\]-~]+)$`,
    maxLength: MAX_SCOPE_LENGTH,
  }
}

/**
 * A non-empty list of scopes. Reserved ones are let through: at registration and delegation they are a `scope_violation`,
 * which is not the parser's to find.
 */
export function scopes(): ListSchema<v.GenericSchema<string>> {
  return list(scope(), { minItems: 1, maxItems: MAX_SCOPES, message: SCOPES_MESSAGE })
}

/** A non-empty list of scopes for a ceiling or a launch token; reserved actions are refused. */
export function ceiling(): ListSchema<v.GenericSchema<string>> {
  return list(grantableScope(), { minItems: 1, maxItems: MAX_SCOPES, message: SCOPES_MESSAGE })
}

const SCOPES_MESSAGE = `must be a list of 1 to ${MAX_SCOPES} scopes`

/** The scopes that an answer speaks of. */
export function scopeList(): v.GenericSchema<string[]> {
  return list(text(), { message: "must be a list of scopes" })
}

// Not "." or "..", also where the segment stands within an id.
const SEGMENT = String.raw`(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+`

const AGENT_ID = `spiffe://[a-z0-9._-]{1,255}/agent/${SEGMENT}/${SEGMENT}/[0-9a-f]{16}`

/** An `orch_id` or `task_id`: a segment of a SPIFFE id. That the whole id fits is for who knows the trust domain. */
export function pathSegment(): v.GenericSchema<string> {
  const message = "must be letters, digits, '.', '-' and '_', and not '.' or '..'"
  return string((value) => value.length <= MAX_AGENT_ID_LENGTH && isPathSegment(value), message, {
    pattern: `^${SEGMENT}$`,
    maxLength: MAX_AGENT_ID_LENGTH,
  })
}

/** An agent's SPIFFE id (CONTRACT 2). That it is of our trust domain is for who knows the trust domain. */
export function agentId(): v.GenericSchema<string> {
  return string(isAgentId, "must be an agent id, spiffe://{trust domain}/agent/{orch_id}/{task_id}/{instance}", {
    pattern: `^${AGENT_ID}$`,
    maxLength: MAX_AGENT_ID_LENGTH,
  })
}

/** A string of so many characters, any characters, counted as code points. */
export function characters(minimum: number, maximum: number): v.GenericSchema<string> {
  return string(
    (value) => {
      // A code point takes at most two of JavaScript's units, so most texts need no counting.
      if (value.length < minimum || value.length > 2 * maximum) return false
      const count = minimum === 0 && value.length <= maximum ? 0 : codePoints(value)
      return count >= minimum && count <= maximum
    },
    `must be a string of ${minimum} to ${maximum} characters`,
    { minLength: minimum, maxLength: maximum },
  )
}

const APP_NAME = "[a-z](?:-?[a-z0-9])*"

/** An app's name (CONTRACT 2, "App"). */
export function appName(): v.GenericSchema<string> {
  return string(
    (value) => value.length >= 2 && value.length <= 64 && APP_NAME_ALONE.test(value),
    "must be 2 to 64 lower-case letters, digits and single hyphens, starting with a letter",
    { pattern: APP_NAME_ALONE.source, minLength: 2, maxLength: 64 },
  )
}

const APP_NAME_ALONE = /* @__PURE__ */ new RegExp(`^${APP_NAME}$`)

/** An app's id: `app-{name}-{6 hex}`. */
export function appId(): v.GenericSchema<string> {
  return patterned(APP_ID, "must be an app id, app-{name}-{6 hex characters}", MAX_APP_ID)
}

const APP_ID_TEXT = `app-${APP_NAME}-[0-9a-f]{6}`
const APP_ID = /* @__PURE__ */ new RegExp(`^${APP_ID_TEXT}$`)
const MAX_APP_ID = "app-".length + 64 + "-".length + 6

/** Whose tokens can be revoked at level `agent`: an agent id, or `app:{app_id}` (CONTRACT 2, "Claims", `sub`). */
export function agentOrApp(): v.GenericSchema<string> {
  return string((value) => isAgentId(value) || isAppSubject(value), "must be an agent id or app:{app_id}", {
    pattern: `^(?:${AGENT_ID}|app:${APP_ID_TEXT})$`,
    maxLength: MAX_AGENT_ID_LENGTH,
  })
}

/** What an event may be filed under: whom {@link agentOrApp} names, the operator, or a target, a jti or task, that was revoked. */
export function eventSubject(): v.GenericSchema<string> {
  return string(
    (value) => value.length <= MAX_AGENT_ID_LENGTH && [isAgentId, isAppSubject, isPathSegment].some((is) => is(value)),
    "must be an agent id, app:{app_id}, or a revoked jti or task",
    { pattern: `^(?:${AGENT_ID}|app:${APP_ID_TEXT}|${SEGMENT})$`, maxLength: MAX_AGENT_ID_LENGTH },
  )
}

function isAppSubject(value: string): boolean {
  return (
    value.startsWith("app:") && value.length <= "app:".length + MAX_APP_ID && APP_ID.test(value.slice("app:".length))
  )
}

/** A string that passes a test. */
function string(
  test: (value: string) => boolean,
  message: string,
  jsonSchema: SchemaFragment = {},
): v.GenericSchema<string> {
  return v.pipe(v.string(message), rule(test, { message, jsonSchema }))
}

function range(minimum: number, maximum: number): string {
  return maximum === Number.MAX_SAFE_INTEGER ? `, ${minimum} or more` : ` from ${minimum} to ${maximum}`
}

function codePoints(value: string): number {
  let count = 0
  for (const _ of value) count += 1
  return count
}
