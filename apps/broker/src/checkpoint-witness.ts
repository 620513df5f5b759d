import { randomBytes } from "node:crypto"
import { type FileHandle, open, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { type CheckpointAnchor, UnavailableError } from "@agentwrit/authority"
import { codeOf } from "@agentwrit/config-file"

/** The checkpoint file is damaged, or says something else than the trail; only a person can tell which of them is right. */
export class CheckpointFileError extends Error {
  override readonly name = "CheckpointFileError"
  readonly code: "checkpoint_unreadable" | "checkpoint_malformed" | "checkpoint_contradicted"

  constructor(code: CheckpointFileError["code"], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Where the newest checkpoint is kept: `audit.checkpoint` beside the audit key. */
export const checkpointPath = (auditKeyPath: string): string => join(dirname(auditKeyPath), "audit.checkpoint")

/** A checkpoint is a few hundred bytes; signatures of others may follow ours. */
const LONGEST_NOTE = 64 * 1024

/**
 * Keeps the newest signed checkpoint in a file (0600), outside the database that it speaks of. The file is replaced whole and
 * synced, and never by an older checkpoint, however calls overlap.
 *
 * `keep` throws {@link UnavailableError} when the file cannot be written, {@link CheckpointFileError} when what it holds is
 * damaged or contradicts the note.
 */
export function fileAnchor(path: string): CheckpointAnchor {
  let last: Promise<unknown> = Promise.resolve()
  /** What is written once the file is free: the newest of those that came meanwhile. */
  let next: { note: string; readonly kept: Promise<void> } | undefined
  return {
    kept: () => readNote(path),
    // Each writing costs two syncs. Callers that wait share one, or on a slow disk the last of many would wait for all of them.
    keep(note) {
      const newest = next === undefined ? undefined : newestOf(next.note, note)
      if (next !== undefined && newest !== undefined) {
        next.note = newest
        return next.kept
      }
      const kept: Promise<void> = last.then(() => {
        if (next === mine) next = undefined
        return keepNewer(path, mine.note)
      })
      const mine: NonNullable<typeof next> = { note, kept }
      next = mine
      last = kept.catch(() => undefined)
      return kept
    },
  }
}

/** That of two checkpoints which speaks for both; `undefined` when they may contradict each other, or one is none. */
function newestOf(one: string, other: string): string | undefined {
  const [first, second] = [headOf(one), headOf(other)]
  if (one === other) return one
  if (first === undefined || second === undefined || first.origin !== second.origin || first.size === second.size)
    return undefined
  return first.size > second.size ? one : other
}

async function keepNewer(path: string, note: string): Promise<void> {
  const offered = headOf(note)
  if (offered === undefined) throw new TypeError("what is to be kept is no checkpoint")
  const present = await readKept(path)
  if (present === note) return
  if (present !== undefined) {
    const kept = headOf(present)
    if (kept === undefined)
      throw new CheckpointFileError("checkpoint_malformed", `${path} holds no checkpoint: put it back from your backup`)
    const sameSize = kept.size === offered.size
    if (kept.origin !== offered.origin || (sameSize && kept.root !== offered.root))
      throw new CheckpointFileError(
        "checkpoint_contradicted",
        `${path} holds a checkpoint of ${kept.origin} over ${kept.size} events that the new one contradicts`,
      )
    if (offered.size < kept.size) return
  }
  await replace(path, note)
}

interface Head {
  readonly origin: string
  readonly size: bigint
  readonly root: string
}

/** The first three lines of a C2SP tlog-checkpoint: origin, size in decimal, root in base64. */
function headOf(note: string): Head | undefined {
  const [, origin, size, root] = /^([^\n]+)\n(0|[1-9]\d{0,18})\n([A-Za-z0-9+/]{43}=)\n/.exec(note) ?? []
  return origin === undefined || size === undefined || root === undefined
    ? undefined
    : { origin, size: BigInt(size), root }
}

async function readNote(path: string): Promise<string | undefined> {
  let file: FileHandle
  try {
    file = await open(path, "r")
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined
    throw unreadable(path, error)
  }
  try {
    const { size } = await file.stat()
    if (size > LONGEST_NOTE)
      throw new CheckpointFileError(
        "checkpoint_malformed",
        `${path} is larger than any checkpoint: put it back from your backup`,
      )
    return await file.readFile("utf8")
  } catch (error) {
    throw error instanceof CheckpointFileError ? error : unreadable(path, error)
  } finally {
    await file.close()
  }
}

/** As {@link readNote}, while serving: what keeps the file from being read then may pass. */
async function readKept(path: string): Promise<string | undefined> {
  try {
    return await readNote(path)
  } catch (error) {
    if (!(error instanceof CheckpointFileError) || error.code !== "checkpoint_unreadable") throw error
    throw new UnavailableError("busy", error.message, { cause: error })
  }
}

const unreadable = (path: string, cause: unknown): CheckpointFileError =>
  new CheckpointFileError("checkpoint_unreadable", `the kept checkpoint ${path} cannot be read (${codeOf(cause)})`, {
    cause,
  })

/** The content is on disk before the name leads to it, and the name before this returns. */
async function replace(path: string, note: string): Promise<void> {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString("hex")}.tmp`)
  try {
    await synced(await open(temporary, "wx", 0o600), (file) => file.writeFile(note))
    await rename(temporary, path)
    await synced(await open(folder, "r"))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    const code = codeOf(error)
    throw new UnavailableError(
      // Nothing is lost by a failed replacement, so the next call may try again, whatever the cause.
      code === "ENOSPC" || code === "EDQUOT" ? "full" : "busy",
      `the checkpoint file ${path} cannot be written (${code})`,
      { cause: error },
    )
  }
}

async function synced(file: FileHandle, write?: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await write?.(file)
    await file.sync()
  } finally {
    await file.close()
  }
}
