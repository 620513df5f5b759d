import type { LogStream } from "../src/log/line-writer.ts"
import { createLog, type Log, type LogFormat, type LogLevel } from "../src/log/log.ts"

/** At the end of its second, to detect rounding up. */
export const NOON = Date.UTC(2026, 1, 15, 12, 0, 0, 999)

/** A log, and what it has written. */
export interface Capture {
  readonly log: Log
  readonly stdout: string[]
  readonly stderr: string[]
}

/** A stream that stores what is written. */
const captured = (texts: string[]): LogStream => ({
  writableLength: 0,
  write(text, done) {
    if (text !== "") texts.push(text)
    done?.()
  },
})

/** A log whose streams are arrays, at noon. */
export function capture({
  level = "trace",
  format = "text",
  redact = (text) => text,
  now = () => NOON,
}: {
  level?: LogLevel
  format?: LogFormat
  redact?: (text: string) => string
  now?: () => number
} = {}): Capture {
  const stdout: string[] = []
  const stderr: string[] = []
  const log = createLog({
    level,
    format,
    redact,
    stdout: captured(stdout),
    stderr: captured(stderr),
    now,
  })
  return { log, stdout, stderr }
}
