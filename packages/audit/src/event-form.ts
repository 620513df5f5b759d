import { isHash, isTimestamp } from "./chain.ts"
import type { AuditEvent } from "./event.ts"

/** What is wrong with the form of an event. It names the form that was found, never the value. */
export interface FormFault {
  readonly expected: string
  readonly found: string
}

/** The expected form of every event. */
const OBJECT = "an event as a JSON object"

/** A well-formed event, or what is wrong with it. */
export type ReadEvent = { readonly event: AuditEvent } | { readonly fault: FormFault }

interface MemberForm {
  readonly form: string
  readonly required: boolean
  readonly fits: (value: unknown) => boolean
}

const isString = (value: unknown): value is string => typeof value === "string"
const text = { form: "a string that is not empty", fits: (value: unknown) => isString(value) && value !== "" }
const count = {
  form: "a whole number from 1",
  fits: (value: unknown) => Number.isSafeInteger(value) && Number(value) > 0,
}
const object = {
  form: "a JSON object",
  fits: (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value),
}
const hash = { form: "64 lower-case hex characters", fits: (value: unknown) => isString(value) && isHash(value) }

// Unknown types and outcomes are accepted: later versions may add some, and the hash covers them.
const FORMS: readonly (readonly [string, MemberForm])[] = Object.entries({
  id: { ...text, required: true },
  timestamp: {
    form: "a time in UTC with milliseconds",
    fits: (value) => isString(value) && isTimestamp(value),
    required: true,
  },
  event_type: { ...text, required: true },
  actor: { ...text, required: false },
  agent_id: { ...text, required: false },
  task_id: { ...text, required: false },
  orch_id: { ...text, required: false },
  detail: { form: "a string", fits: isString, required: true },
  resource: { ...text, required: false },
  outcome: { ...text, required: true },
  deleg_depth: { ...count, required: false },
  deleg_chain_hash: { ...text, required: false },
  bytes_transferred: { ...count, required: false },
  source: { ...text, required: false },
  request_id: { ...text, required: false },
  data: { ...object, required: false },
  hash: { ...hash, required: true },
  prev_hash: { ...hash, required: true },
} satisfies Record<keyof AuditEvent, MemberForm>)

/**
 * Parses an event that is not trusted: a JSON value or a line of NDJSON. An empty member is refused, because the event
 * has a form without it. A line with a duplicate member is refused, because parsers may read different events from it.
 */
export function readEvent(value: unknown): ReadEvent {
  return typeof value === "string" ? readLine(value) : readObject(value)
}

function readLine(line: string): ReadEvent {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { fault: { expected: OBJECT, found: "a line that is not JSON" } }
  }
  const read = readObject(value)
  if ("fault" in read || membersIn(line) === membersOf(read.event)) return read
  return { fault: { expected: "each member once", found: "a member that is repeated" } }
}

function readObject(value: unknown): ReadEvent {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { fault: { expected: OBJECT, found: kindOf(value) } }
  for (const [name, { form, required, fits }] of FORMS) {
    const member = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
    if (member === undefined ? required : !fits(member))
      return { fault: { expected: `${form} as ${name}`, found: kindOf(member) } }
  }
  for (const [name, member] of Object.entries(value)) {
    if (name !== "data" && typeof member === "object" && member !== null)
      return { fault: { expected: "members that hold a string or a number", found: kindOf(member) } }
  }
  return { event: value as AuditEvent }
}

/** The number of members of a JSON value, at every depth. */
function membersOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0
  const values = Object.values(value)
  return values.reduce<number>((sum, member) => sum + membersOf(member), Array.isArray(value) ? 0 : values.length)
}

/** The number of member names in a JSON text: its strings before a colon. Parsing would lose duplicates. */
function membersIn(json: string): number {
  let members = 0
  for (let start = json.indexOf('"'); start !== -1; ) {
    let end = start + 1
    while (end < json.length && json[end] !== '"') end += json[end] === "\\" ? 2 : 1
    const next = json.indexOf('"', end + 1)
    if (
      json
        .slice(end + 1, next === -1 ? undefined : next)
        .trimStart()
        .startsWith(":")
    )
      members++
    start = next
  }
  return members
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing"
  if (value === null) return "null"
  if (value === "") return "an empty string"
  if (Array.isArray(value)) return "an array"
  return typeof value === "object" ? "an object" : `a ${typeof value}`
}
