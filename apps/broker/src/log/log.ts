import { escapeInvisible, escapeUnits } from "./escape.ts"
import { LineWriter, type LogStream } from "./line-writer.ts"

/** How much is logged: `quiet` only errors, `standard` and `verbose` normal operation, `trace` everything. */
export type LogLevel = "quiet" | "standard" | "verbose" | "trace"

/** `text` is the guide's format, `json` one object a line. */
export type LogFormat = "text" | "json"

/** A value beside a message. `undefined` is left out; an `Error` is shown with its stack and causes. */
export type LogValue = string | number | boolean | null | undefined | Error | readonly string[]

/** Values by name (`snake_case`, as the guide writes them). */
export type LogFields = Readonly<Record<string, LogValue>>

/**
 * The values after a message. The pairs of one object are separated by commas. In a list of objects, the pairs of each
 * object are separated by blanks, as in the guide's `default_ttl=600 max_ttl=300`.
 */
export type LogContext = LogFields | readonly LogFields[]

/** Writes events as lines, once a tick. It never throws: a log that cannot be written must not stop the broker. */
export interface Log {
  ok(component: string, message: string, context?: LogContext): void
  warn(component: string, message: string, context?: LogContext): void
  /** Goes to stderr, at every level. */
  fail(component: string, message: string, context?: LogContext): void
  /** Only at level `trace`. */
  trace(component: string, message: string, context?: LogContext): void
  /** Resolves once every line is written. It waits at most a second for a reader that is too slow. */
  flush(): Promise<void>
}

/** What {@link createLog} is given. */
export interface LogOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly stdout: LogStream
  readonly stderr: LogStream
  /** Removes secrets from a text; applied to every message and value. */
  readonly redact: (text: string) => string
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number
}

type LineLevel = "OK" | "WARN" | "FAIL" | "TRACE"

const MODULE = "BROKER"

const SHOWN: Readonly<Record<LogLevel, readonly LineLevel[]>> = {
  quiet: ["FAIL"],
  standard: ["OK", "WARN", "FAIL"],
  verbose: ["OK", "WARN", "FAIL"],
  trace: ["OK", "WARN", "FAIL", "TRACE"],
}

/** Characters of one message or value; a longer one is cut. */
const MAX_TEXT_LENGTH = 8192

/**
 * A log in the guide's format, `[AA:MODULE:LEVEL] TIMESTAMP | COMPONENT | MESSAGE | context` (CONTRACT 7).
 *
 * One event is one line, and only the broker can start a field: a value that is not a plain word is quoted as in JSON,
 * with escapes for line breaks, invisible characters, `|` and `=`.
 *
 * @example
 * ```ts
 * const log = createLog({ level: "verbose", format: "text", stdout: process.stdout, stderr: process.stderr, redact })
 * log.ok("main", "starting broker", { addr: ":8080", version: "2.0.0" })
 * // [AA:BROKER:OK] 2026-02-15T12:00:00Z | main | starting broker | addr=:8080, version=2.0.0
 * ```
 */
export function createLog(options: LogOptions): Log {
  const { level, format, now = Date.now } = options
  const shown = SHOWN[level]
  const render = format === "json" ? jsonLine : textLine
  const timestamp = secondsText(now)
  const dropped = (count: number): string =>
    render({
      time: timestamp(),
      level: "WARN",
      component: "log",
      message: "lines dropped",
      groups: [[["count", count]]],
    })
  const stdout = new LineWriter(options.stdout, dropped)
  const stderr = new LineWriter(options.stderr, dropped)
  const clean = (text: string): string => redacted(text, options.redact)

  const write = (lineLevel: LineLevel, component: string, message: string, context: LogContext = {}): void => {
    if (!shown.includes(lineLevel)) return
    const groups = isList(context)
      ? context.map((fields) => fieldsOf(fields, clean))
      : fieldsOf(context, clean).map((field) => [field])
    const line = render({ time: timestamp(), level: lineLevel, component, message: clean(message), groups })
    if (lineLevel === "FAIL") stderr.add(line)
    else stdout.add(line)
  }
  return {
    ok: (component, message, context) => write("OK", component, message, context),
    warn: (component, message, context) => write("WARN", component, message, context),
    fail: (component, message, context) => write("FAIL", component, message, context),
    trace: (component, message, context) => write("TRACE", component, message, context),
    async flush() {
      await Promise.all([stdout.flush(), stderr.flush()])
    },
  }
}

/** The time in whole seconds; its text is made once a second. */
function secondsText(now: () => number): () => string {
  let second = Number.NaN
  let text = ""
  return () => {
    const current = Math.floor(now() / 1000)
    if (current !== second) {
      second = current
      text = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
    }
    return text
  }
}

type Scalar = string | number | boolean | null | readonly string[]
type Fields = readonly (readonly [name: string, value: Scalar])[]

interface Line {
  readonly time: string
  readonly level: LineLevel
  readonly component: string
  readonly message: string
  readonly groups: readonly Fields[]
}

function textLine({ time, level, component, message, groups }: Line): string {
  const context = groups
    .filter((fields) => fields.length > 0)
    .map((fields) => fields.map(([name, value]) => `${name}=${textValue(value)}`).join(" "))
    .join(", ")
  const line = `[AA:${MODULE}:${level}] ${time} | ${plain(component)} | ${plain(message)}`
  return context === "" ? line : `${line} | ${context}`
}

function jsonLine({ time, level, component, message, groups }: Line): string {
  // The values are in a separate object, so that none of their names can replace one of ours.
  const context = Object.fromEntries(groups.flat())
  return escapeInvisible(JSON.stringify({ time, level, module: MODULE, component, message, context }))
}

/** Text outside quotes: a `|` in it would look like the end of its field. */
const plain = (text: string): string =>
  escapeInvisible(text.replace(/[\\|]/g, (char) => (char === "|" ? "\\u007c" : "\\\\")))

function textValue(value: Scalar): string {
  const text = typeof value === "object" && value !== null ? value.join(" ") : String(value)
  if (/^[\w.:/@*+~%[\]-]+$/.test(text)) return text
  // A program that splits at " | " or searches for "name=", and ignores quotes, must find only fields of ours.
  return escapeInvisible(JSON.stringify(text).replace(/[|=]/g, escapeUnits))
}

const isList = (context: LogContext): context is readonly LogFields[] => Array.isArray(context)

function fieldsOf(fields: LogFields, clean: (text: string) => string): Fields {
  return Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.replace(/[^\w.-]/g, "_"), scalar(value, clean)] as const],
  )
}

function scalar(value: Exclude<LogValue, undefined>, clean: (text: string) => string): Scalar {
  if (typeof value === "string") return clean(value)
  if (value instanceof Error) return clean(describe(value))
  return typeof value === "object" && value !== null ? value.map(clean) : value
}

/** How many causes of an error are shown. */
const MAX_CAUSES = 5

function describe(error: Error): string {
  const parts: string[] = []
  for (let each: unknown = error; each !== undefined && parts.length <= MAX_CAUSES; ) {
    parts.push(each instanceof Error ? (each.stack ?? `${each.name}: ${each.message}`) : String(each))
    each = each instanceof Error ? each.cause : undefined
  }
  return parts.join("\ncaused by: ")
}

function redacted(text: string, redact: (text: string) => string): string {
  let clean: string
  try {
    clean = redact(text)
  } catch {
    return "[not shown: its redaction failed]"
  }
  return clean.length > MAX_TEXT_LENGTH
    ? `${clean.slice(0, MAX_TEXT_LENGTH)}… (${clean.length - MAX_TEXT_LENGTH} more characters)`
    : clean
}
