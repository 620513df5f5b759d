import type { Readable, Writable } from "node:stream"

/** The environment, as `process.env` holds it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A stream that may be a terminal of so many columns and rows. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }

/** What a command line reads and writes; `process` is one. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: Environment
}
