import {
  isAgentId,
  isPathSegment,
  isReservedScope,
  isScope,
  MAX_AGENT_ID_LENGTH,
  MAX_SCOPE_LENGTH,
  REVOKE_ALL_TARGET,
} from "@agentwrit/core"
import * as v from "valibot"
import { formatInstant, parseInstant, type Rounding } from "./rfc3339.ts"

/** How many scopes a list may hold. With 256 bytes each, more would not fit into an Authorization header. */
export const MAX_SCOPES = 256

/** How many characters (code points) an agent's name may have (CONTRACT 3, "launch-tokens"). */
export const MAX_AGENT_NAME = 256

/** How many characters a presented client id may have. Real ones are shorter; rate limiters keep it as a key. */
export const MAX_CLIENT_ID = 256

// Every field takes its description for the OpenAPI document first. Every message begins with "must", see decode.

/** Any string. Secrets are read as such: the check that follows decides on their form. */
export function text(description: string): v.GenericSchema<string> {
  return v.pipe(v.string("must be a string"), v.description(description))
}

/** `true` or `false`. */
export function flag(description: string): v.GenericSchema<boolean> {
  return v.pipe(v.boolean("must be true or false"), v.description(description))
}

/** One of a few words. */
export function oneOf<const W extends readonly string[]>(description: string, words: W): v.GenericSchema<W[number]> {
  return v.pipe(v.picklist(words, `must be one of ${words.join(", ")}`), v.description(description))
}

/** Lower-case hex of a fixed number of characters. */
export function hex(description: string, characters: number): v.GenericSchema<string> {
  const message = `must be ${characters} lower-case hex characters`
  return v.pipe(
    v.string(message),
    v.regex(new RegExp(`^[0-9a-f]{${characters}}$`), message),
    v.description(description),
  )
}

/** 32 bytes in base64url. */
export function base64Url32(description: string): v.GenericSchema<string> {
  const message = "must be base64url of 32 bytes"
  return v.pipe(v.string(message), v.regex(/^[A-Za-z0-9_-]{43}$/, message), v.description(description))
}

/** A whole number within bounds, both included. */
export function wholeNumber(
  description: string,
  minimum = 0,
  maximum: number = Number.MAX_SAFE_INTEGER,
): v.GenericSchema<number> {
  return integer(`must be a whole number${range(minimum, maximum)}`, { minimum, maximum, description })
}

/** Whole seconds in an answer. */
export function seconds(description: string): v.GenericSchema<number> {
  return wholeNumber(description)
}

/**
 * A TTL in whole seconds that a client asks for (CONTRACT 2, "TTL"). In a field whose name ends in `ttl`, a value out
 * of bounds is `invalid_ttl`; anything but a whole number is `invalid_request`.
 */
export function ttl(
  description: string,
  minimum = 1,
  maximum: number = Number.MAX_SAFE_INTEGER,
): v.GenericSchema<number> {
  return integer(`must be a whole number of seconds${range(minimum, maximum)}`, { minimum, maximum, description })
}

function integer(
  message: string,
  { minimum, maximum, description }: { minimum: number; maximum: number; description: string },
): v.GenericSchema<number> {
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(minimum, message),
    v.maxValue(maximum, message),
    v.description(description),
  )
}

/** An RFC 3339 instant: text on the wire, milliseconds since the Unix epoch in code. */
export function instant(description: string, rounding: Rounding = "down"): v.GenericSchema<string, number> {
  return coded({
    description,
    message: "must be an RFC 3339 date-time such as 2026-03-29T00:00:00Z (in a URL, write + as %2B)",
    jsonSchema: { format: "date-time" },
    decode: (value) => parseInstant(value, rounding),
    toWire: formatInstant,
  })
}

/** How a {@link coded} field is read, written and documented. */
interface Coding<T> {
  readonly description: string
  readonly message: string
  /** The form of the text as JSON Schema. */
  readonly jsonSchema: Record<string, unknown>
  /** The value of a text; `undefined` for a text that is refused. */
  readonly decode: (text: string) => T | undefined
  /** The text of a value. */
  readonly toWire: (value: T) => string
}

/** A field that is text on the wire and another value in code. */
export function coded<T>({ description, message, jsonSchema, decode, toWire }: Coding<T>): v.GenericSchema<string, T> {
  return v.pipe(
    v.string(message),
    v.metadata({ ...jsonSchema, description }),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const value = decode(dataset.value)
      if (value === undefined) addIssue({ message })
      return value ?? NEVER
    }),
    // Behind the transformation: not part of the JSON Schema of the wire form. encode reads it.
    v.metadata({ toWire }),
  )
}

const SCOPE_PART = String.raw`[!#-)+\--9;-\[\]-~]`
const SCOPE_MESSAGE =
  "must be a scope, action:resource:identifier, of at most 256 printable ASCII characters without space, comma, quote and backslash, and with * only as the whole identifier"
const SCOPES_MESSAGE = `must be a list of 1 to ${MAX_SCOPES} scopes`

const scope = v.pipe(
  v.string(SCOPE_MESSAGE),
  v.check((value) => isScope(value), SCOPE_MESSAGE),
)
const grantableScope = v.pipe(
  scope,
  v.check((value) => !isReservedScope(value), "must not name a reserved action (admin, app)"),
)

/**
 * A non-empty list of scopes. Reserved ones pass: a later check refuses them with `scope_violation` (CONTRACT 2,
 * "Reserved").
 */
export function scopes(description: string): v.GenericSchema<string[]> {
  return scopeListOf(description, scope, "")
}

/** A non-empty list of scopes for a ceiling or a launch token. Reserved actions are refused. */
export function ceiling(description: string): v.GenericSchema<string[]> {
  return scopeListOf(description, grantableScope, "(?!(?:admin|app):)")
}

/**
 * Checks the length of the list before its items: a megabyte of scopes is not validated only to be refused for its
 * length.
 */
function scopeListOf(description: string, scope: v.GenericSchema<string>, prefix: string): v.GenericSchema<string[]> {
  return v.pipe(
    v.custom<string[]>(
      (input) => Array.isArray(input) && input.length >= 1 && input.length <= MAX_SCOPES,
      SCOPES_MESSAGE,
    ),
    v.metadata({
      description,
      type: "array",
      minItems: 1,
      maxItems: MAX_SCOPES,
      items: {
        type: "string",
        pattern: `^${prefix}${SCOPE_PART}+:${SCOPE_PART}+:(?:\\*|[!#-)+\\--\\[\\]-~]+)$`,
        maxLength: MAX_SCOPE_LENGTH,
      },
    }),
    v.array(scope),
  )
}

/** The scopes in an answer. */
export function scopeList(description: string): v.GenericSchema<string[]> {
  const message = "must be a list of scopes"
  return v.pipe(v.array(v.string("must be a string"), message), v.description(description))
}

// Not "." or "..", also within an id.
const SEGMENT = String.raw`(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+`
const AGENT_ID = `spiffe://[a-z0-9._-]{1,255}/agent/${SEGMENT}/${SEGMENT}/[0-9a-f]{16}`

/** An `orch_id` or `task_id`: a segment of a SPIFFE id. Whether the whole id fits depends on the trust domain. */
export function pathSegment(description: string): v.GenericSchema<string> {
  const message = "must be letters, digits, '.', '-' and '_', and not '.' or '..'"
  return checked(isPathSegment, message, { description, pattern: `^${SEGMENT}$`, maxLength: MAX_AGENT_ID_LENGTH })
}

/** An agent's SPIFFE id (CONTRACT 2, "Agent id"). */
export function agentId(description: string): v.GenericSchema<string> {
  const message = "must be an agent id, spiffe://{trust domain}/agent/{orch_id}/{task_id}/{instance}"
  return checked(isAgentId, message, { description, pattern: `^${AGENT_ID}$`, maxLength: MAX_AGENT_ID_LENGTH })
}

/** A string of any characters within bounds, counted as code points. */
export function characters(description: string, minimum: number, maximum: number): v.GenericSchema<string> {
  return checked(
    (value) => {
      // A code point takes one or two UTF-16 units: longer texts are refused without counting.
      const count = value.length > 2 * maximum ? Number.POSITIVE_INFINITY : [...value].length
      return count >= minimum && count <= maximum
    },
    `must be a string of ${minimum} to ${maximum} characters`,
    { description, minLength: minimum, maxLength: maximum },
  )
}

const APP_NAME_TEXT = "[a-z](?:-?[a-z0-9])*"
const APP_NAME = /* @__PURE__ */ new RegExp(`^${APP_NAME_TEXT}$`)

/** An app's name (CONTRACT 2, "App"). */
export function appName(description: string): v.GenericSchema<string> {
  const message = "must be 2 to 64 lower-case letters, digits and single hyphens, starting with a letter"
  return v.pipe(
    v.string(message),
    v.minLength(2, message),
    v.maxLength(64, message),
    v.regex(APP_NAME, message),
    v.description(description),
  )
}

const APP_ID_TEXT = `app-${APP_NAME_TEXT}-[0-9a-f]{6}`
const APP_ID = /* @__PURE__ */ new RegExp(`^${APP_ID_TEXT}$`)
const MAX_APP_ID_LENGTH = "app-".length + 64 + "-".length + 6

/** An app's id: `app-{name}-{6 hex}`. */
export function appId(description: string): v.GenericSchema<string> {
  const message = "must be an app id, app-{name}-{6 hex characters}"
  return v.pipe(
    v.string(message),
    v.maxLength(MAX_APP_ID_LENGTH, message),
    v.regex(APP_ID, message),
    v.description(description),
  )
}

/** A launch token's id: `lt-` and the first 16 hex characters of its SHA-256. */
export function launchTokenId(description: string): v.GenericSchema<string> {
  const message = "must be a launch token's id, lt-{16 hex characters}"
  return v.pipe(v.string(message), v.regex(/^lt-[0-9a-f]{16}$/, message), v.description(description))
}

/** A list without repetitions of its items' own rule. */
export function listOf(
  description: string,
  item: v.GenericSchema<string>,
  minimum: number,
  maximum: number,
): v.GenericSchema<string[]> {
  const message = `must be a list of ${minimum} to ${maximum}`
  return v.pipe(
    v.array(item, message),
    v.minLength(minimum, message),
    v.maxLength(maximum, message),
    v.description(description),
  )
}

/** A target of level `agent`: an agent id, or `app:{app_id}` (CONTRACT 3, "revoke"). */
export function agentOrApp(description: string): v.GenericSchema<string> {
  return checked((value) => isAgentId(value) || isAppSubject(value), "must be an agent id or app:{app_id}", {
    description,
    pattern: `^(?:${AGENT_ID}|app:${APP_ID_TEXT})$`,
    maxLength: MAX_AGENT_ID_LENGTH,
  })
}

/**
 * The `agent_id` of an event: a subject, or the target of a revocation, which may be a jti, a task, an app id or `*`.
 */
export function eventSubject(description: string): v.GenericSchema<string> {
  return checked(
    (value) => isAgentId(value) || isAppSubject(value) || isPathSegment(value) || value === REVOKE_ALL_TARGET,
    "must be an agent id, app:{app_id}, or a revoked jti, task, app id or *",
    {
      description,
      pattern: `^(?:${AGENT_ID}|app:${APP_ID_TEXT}|${SEGMENT}|\\*)$`,
      maxLength: MAX_AGENT_ID_LENGTH,
    },
  )
}

function isAppSubject(value: string): boolean {
  const prefix = "app:"
  return (
    value.startsWith(prefix) &&
    value.length <= prefix.length + MAX_APP_ID_LENGTH &&
    APP_ID.test(value.slice(prefix.length))
  )
}

/**
 * A string that passes a test, with the same rule as JSON Schema, so that the OpenAPI document says what the parser
 * checks.
 */
function checked(
  test: (value: string) => boolean,
  message: string,
  jsonSchema: Record<string, unknown>,
): v.GenericSchema<string> {
  return v.pipe(v.string(message), v.check(test, message), v.metadata(jsonSchema))
}

function range(minimum: number, maximum: number): string {
  return maximum === Number.MAX_SAFE_INTEGER ? `, ${minimum} or more` : ` from ${minimum} to ${maximum}`
}
