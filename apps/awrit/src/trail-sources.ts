import { createReadStream, fstatSync, openSync, type ReadStream } from "node:fs"
import { type TreeHead, verifyTrail } from "@agentwrit/audit"
import { codeOf } from "@agentwrit/config-file"
import type { Context } from "./context.ts"
import { CommandError } from "./errors.ts"
import { eventLines } from "./event-lines.ts"
import { Progress } from "./progress.ts"
import type { Evidence } from "./trail-evidence.ts"
import { checkpointWords, type Verdict } from "./trail-verdict.ts"

const PIN_KEY =
  "The hash chain is intact. To prove that no event was cut off or rewritten, give --vkey (the broker's audit.pub) and --checkpoint (a checkpoint that you kept)."

/** Verifies the trail that the broker returns. */
export async function verifyBroker({ pinned, keptNote }: Evidence, context: Context): Promise<Verdict> {
  using progress = new Progress(context.out, "events verified")
  const admin = await context.admin()
  const options = { onProgress: progress.show, verifierKey: pinned, checkpoint: keptNote }
  const { present, kept, report } = await admin.verifyTrail(options)
  const checked = checkedAgainst(["the broker's current", present], ["the kept", kept])
  return { source: context.settings.brokerUrl(), report, checked, ...(pinned === undefined && { advice: PIN_KEY }) }
}

/** Verifies the trail in a database file against the newest checkpoint in it, and its tables against the trail. */
export async function verifyDatabase(path: string, { keys, keptNote }: Evidence, context: Context): Promise<Verdict> {
  const { openTrail } = await import("@agentwrit/store-sqlite")
  using trail = openTrail(path)
  using progress = new Progress(context.out, "events verified")
  const kept = keptNote === undefined ? undefined : keys?.claimed(keptNote)
  const newestNote = trail.checkpoint?.note
  const stored = keys === undefined || newestNote === undefined ? trail.checkpoint : keys.claimed(newestNote)
  const events = counting(trail.events(), (done) => progress.show(done, trail.size))
  const notes = keptNote === undefined ? [] : [keptNote]
  const signed = keys && { keys, notes, newest: newestNote }
  const report = await verifyTrail(events, signed ? { signed } : { checkpoints: stored ? [stored] : [] })
  const tableProblem = report.ok ? trail.tableProblem() : undefined
  const newest = `the database's ${keys === undefined ? "(unverified) " : ""}newest`
  const checked = [...checkedAgainst([newest, stored], ["the kept", kept]), "tables"]
  return {
    source: path,
    report,
    checked,
    ...(tableProblem !== undefined && { tableProblem }),
    ...(keys === undefined && { advice: PIN_KEY }),
  }
}

/** Verifies an export: NDJSON with one event per line. */
export async function verifyExport(path: string, { keys, keptNote }: Evidence, context: Context): Promise<Verdict> {
  using progress = new Progress(context.out, "bytes verified")
  const source = path === "-" ? "stdin" : path
  const file = path === "-" ? undefined : opened(path)
  const lines = counting(eventLines(file?.stream ?? context.io.stdin, source), () => {
    // The size of a pipe is not known.
    if (file !== undefined && file.size > 0) progress.show(file.stream.bytesRead, file.size)
  })
  const kept = keptNote === undefined ? undefined : keys?.claimed(keptNote)
  const signed = keys && keptNote !== undefined ? { keys, notes: [keptNote] } : undefined
  const report = await verifyTrail(lines, signed && { signed }).catch((error: unknown) => {
    if (error instanceof Error && "syscall" in error)
      throw new CommandError(`${path} cannot be read (${codeOf(error)})`)
    throw error
  })
  // A failed export leaves an empty file, which must not pass as a sound trail.
  if (report.ok && report.count === 0)
    throw new CommandError(
      `${source} contains no events, but an export contains at least its own sign-in: run awrit audit export again`,
    )
  const checked = checkedAgainst(["the kept", kept])
  return { source, report, checked, ...(kept === undefined && { advice: PIN_KEY }) }
}

/** What a trail was checked against, in words. */
const checkedAgainst = (
  ...checkpoints: readonly (readonly [which: string, head: TreeHead | undefined])[]
): string[] => [
  "hash chain",
  ...checkpoints.flatMap(([which, head]) => (head === undefined ? [] : [checkpointWords(which, head)])),
]

async function* counting<T>(
  items: Iterable<T> | AsyncIterable<T>,
  onCount: (done: number) => void,
): AsyncGenerator<T, void, undefined> {
  let done = 0
  for await (const item of items) {
    yield item
    onCount(++done)
  }
}

function opened(path: string): { stream: ReadStream; size: number } {
  try {
    const fd = openSync(path, "r")
    const stat = fstatSync(fd)
    if (stat.isDirectory()) throw new CommandError(`--file: ${path} is a folder`)
    return { stream: createReadStream("", { fd }), size: stat.isFile() ? stat.size : 0 }
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`--file: ${path} cannot be read (${codeOf(error)})`)
  }
}
