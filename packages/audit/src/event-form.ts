import { isHash, isTimestamp } from "./chain.ts"
import type { AuditEvent } from "./event.ts"

/** What is wrong with the form of a value that should be an event. Names the form that was found, never the value. */
export interface FormFault {
  readonly expected: string
  readonly found: string
}

/** What every value should be. */
const OBJECT = "an event as a JSON object"

/** An event of the right form, or what is wrong with it. */
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
const hash = { form: "64 lower-case hex characters", fits: (value: unknown) => isString(value) && isHash(value) }

// A type or outcome that this version does not know is let through: later versions may add some, and the hash covers it.
const FORMS: readonly (readonly [string, MemberForm])[] = Object.entries({
  id: { ...text, required: true },
  timestamp: {
    form: "a time in UTC with milliseconds",
    fits: (value) => isString(value) && isTimestamp(value),
    required: true,
  },
  event_type: { ...text, required: true },
  agent_id: { ...text, required: false },
  task_id: { ...text, required: false },
  orch_id: { ...text, required: false },
  detail: { form: "a string", fits: isString, required: true },
  resource: { ...text, required: false },
  outcome: { ...text, required: true },
  deleg_depth: { ...count, required: false },
  deleg_chain_hash: { ...text, required: false },
  bytes_transferred: { ...count, required: false },
  hash: { ...hash, required: true },
  prev_hash: { ...hash, required: true },
} satisfies Record<keyof AuditEvent, MemberForm>)

/**
 * Reads an event of an unknown origin: a value out of JSON, or a line of NDJSON. An empty member is refused too, because the event
 * could be written without it; so is a line that names a member twice, because two readers might see two events in it.
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
  if ("fault" in read || membersIn(line) === Object.keys(read.event).length) return read
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
  for (const member of Object.values(value)) {
    if (typeof member === "object" && member !== null)
      return { fault: { expected: "members that hold a string or a number", found: kindOf(member) } }
  }
  return { event: value as AuditEvent }
}

/** Members that JSON text of a flat object names: its strings with a colon behind them. A parsed object has lost the repeated ones. */
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
