import { createReadStream, fstatSync, openSync } from "node:fs"
import type { Readable } from "node:stream"
import { openCheckpoint, type TreeHead, verifyTrail } from "@agentwrit/audit"
import { codeOf } from "@agentwrit/config-file"
import type { Context } from "./context.ts"
import { CommandError } from "./errors.ts"
import { eventLines } from "./event-lines.ts"
import { Progress } from "./progress.ts"
import type { Evidence } from "./trail-evidence.ts"
import { checkpointWords, type Verdict } from "./trail-verdict.ts"

const CHAIN = "hash chain"

const PIN_KEY =
  "The hash chain is intact. To prove that no event was cut off or rewritten, give --vkey (the broker's audit.pub) and --checkpoint (a checkpoint that you kept)."

/** Verifies the trail that the broker returns. */
export async function verifyBroker({ key, kept, keptNote }: Evidence, context: Context): Promise<Verdict> {
  const progress = new Progress(context.out, "events verified")
  const admin = await context.admin()
  try {
    const { present, report } = await admin.verifyTrail({
      onProgress: progress.show,
      verifierKey: key,
      checkpoint: keptNote,
    })
    const checked = [CHAIN]
    if (present !== undefined) checked.push(checkpointWords("the broker's current", present))
    if (kept !== undefined) checked.push(checkpointWords("the kept", kept))
    return { source: context.settings.brokerUrl(), report, checked, ...(key === undefined && { advice: PIN_KEY }) }
  } finally {
    progress.end()
  }
}

/** Verifies the trail in a database file against the newest checkpoint in it. */
export async function verifyDatabase(path: string, { key, kept }: Evidence, context: Context): Promise<Verdict> {
  const { openTrail } = await import("@agentwrit/store-sqlite")
  using trail = openTrail(path)
  const checked = [CHAIN]
  const checkpoints: TreeHead[] = []
  if (trail.checkpoint !== undefined) {
    const stored = key === undefined ? trail.checkpoint : openCheckpoint(trail.checkpoint.note, key)
    checkpoints.push(stored)
    checked.push(checkpointWords(`the database's ${key === undefined ? "(unverified) " : ""}newest`, stored))
  }
  if (kept !== undefined) {
    checkpoints.push(kept)
    checked.push(checkpointWords("the kept", kept))
  }
  const progress = new Progress(context.out, "events verified")
  try {
    const events = counting(trail.events(), (done) => progress.show(done, trail.size))
    const report = await verifyTrail(events, { checkpoints })
    return { source: path, report, checked, ...(key === undefined && { advice: PIN_KEY }) }
  } finally {
    progress.end()
  }
}

function* counting<T>(items: Iterable<T>, onCount: (done: number) => void): Iterable<T> {
  let done = 0
  for (const item of items) {
    yield item
    onCount(++done)
  }
}

/** Counts the bytes of a stream. */
async function* countingBytes(
  chunks: AsyncIterable<Uint8Array>,
  onCount: (done: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let done = 0
  for await (const chunk of chunks) {
    done += chunk.length
    onCount(done)
    yield chunk
  }
}

/** Verifies an export: NDJSON with one event per line. */
export async function verifyExport(path: string, { kept }: Evidence, context: Context): Promise<Verdict> {
  const progress = new Progress(context.out, "bytes verified")
  const source = path === "-" ? "stdin" : path
  const { input, size } = opened(path, context.io.stdin)
  const chunks = countingBytes(input, (done) => {
    if (size > 0) progress.show(done, size)
  })
  try {
    const report = await verifyTrail(eventLines(chunks, source), kept === undefined ? {} : { checkpoint: kept })
    // A failed export leaves an empty file, which must not pass as a sound trail.
    if (report.ok && report.count === 0)
      throw new CommandError(
        `${source} contains no events, but an export contains at least its own sign-in: run awrit audit export again`,
      )
    const checked = [CHAIN, ...(kept === undefined ? [] : [checkpointWords("the kept", kept)])]
    return { source, report, checked, ...(kept === undefined && { advice: PIN_KEY }) }
  } catch (error) {
    if (codeOf(error) !== "unknown error" && !(error instanceof CommandError) && "syscall" in (error as object))
      throw new CommandError(`${path} cannot be read (${codeOf(error)})`)
    throw error
  } finally {
    progress.end()
  }
}

function opened(path: string, stdin: Readable): { input: Readable; size: number } {
  if (path === "-") return { input: stdin, size: 0 }
  try {
    const descriptor = openSync(path, "r")
    const stat = fstatSync(descriptor)
    if (stat.isDirectory()) throw new CommandError(`--file: ${path} is a folder`)
    return { input: createReadStream("", { fd: descriptor }), size: stat.isFile() ? stat.size : 0 }
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`--file: ${path} cannot be read (${codeOf(error)})`)
  }
}
