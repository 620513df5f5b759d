import { randomBytes } from "node:crypto"
import { type FileHandle, open, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { type CheckpointAnchor, UnavailableError } from "@agentwrit/authority"
import { codeOf } from "@agentwrit/config-file"

/** The checkpoint file is damaged or contradicts the trail. Only a person can decide which of them is right. */
export class CheckpointFileError extends Error {
  override readonly name = "CheckpointFileError"
  readonly code: "checkpoint_unreadable" | "checkpoint_malformed" | "checkpoint_contradicted"

  constructor(code: CheckpointFileError["code"], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The file of the newest checkpoint: `audit.checkpoint` beside the audit key. */
export const checkpointPath = (auditKeyPath: string): string => join(dirname(auditKeyPath), "audit.checkpoint")

/** A checkpoint is a few hundred bytes. Signatures of others may follow ours. */
const MAX_NOTE_BYTES = 64 * 1024

/**
 * Keeps the newest signed checkpoint in a file (0600), outside the database that it describes. The file is replaced
 * atomically and synced, and never by an older checkpoint, however calls overlap.
 *
 * `keep` throws {@link UnavailableError} when the file cannot be written, {@link CheckpointFileError} when what it
 * holds is damaged or contradicts the note.
 */
export function fileAnchor(path: string): CheckpointAnchor {
  let last: Promise<unknown> = Promise.resolve()
  /** The newest note that waits until the file is free. */
  let next: { note: string; readonly kept: Promise<void> } | undefined
  return {
    kept: () => readNote(path),
    // A write costs two syncs. Waiting callers share one write; otherwise the last of many would wait for all of them.
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

/** The larger of two checkpoints; `undefined` when they may contradict each other, or one is not a checkpoint. */
function newestOf(one: string, other: string): string | undefined {
  const [first, second] = [headOf(one), headOf(other)]
  if (one === other) return one
  if (first === undefined || second === undefined || first.origin !== second.origin || first.size === second.size)
    return undefined
  return first.size > second.size ? one : other
}

async function keepNewer(path: string, note: string): Promise<void> {
  const offered = headOf(note)
  if (offered === undefined) throw new TypeError("the note is not a checkpoint")
  const present = await readKept(path)
  if (present === note) return
  if (present !== undefined) {
    const kept = headOf(present)
    if (kept === undefined)
      throw new CheckpointFileError(
        "checkpoint_malformed",
        `${path} does not hold a checkpoint: put it back from your backup`,
      )
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
    if (size > MAX_NOTE_BYTES)
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

/** Like {@link readNote}, while serving: then an unreadable file may be a passing fault. */
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

/** Syncs the content before the rename, and the folder after it. */
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
      // A failed replacement loses nothing, so the next call may try again.
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
