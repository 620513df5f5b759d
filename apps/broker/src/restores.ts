import { codeOf, PrivateFileError, readPrivateFile, writeWhole } from "@agentwrit/config-file"

/** A restore that was declared and carried out. */
export interface RestoreRecord {
  /** The value of `AA_DECLARE_RESTORE`. It counts only once. */
  readonly name: string
  /** Names the audit key that signs from then on, and is the last part of the origin of its checkpoints. */
  readonly id: string
  /** The C2SP verifier key of the lineage that it ended, for checkpoints that others kept; absent when it was lost. */
  readonly endedVerifierKey?: string
}

/** The record of restores cannot be read or written. Without it the current audit key is unknown. */
export class RestoresFileError extends Error {
  override readonly name = "RestoresFileError"
  readonly code: "restores_unreadable" | "restores_malformed" | "restores_unwritable"

  constructor(code: RestoresFileError["code"], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Each restore is one line of about a hundred bytes. */
const MAX_FILE_BYTES = 1024 * 1024

/**
 * The restores that were carried out, the oldest first; none when there is no such file.
 * @throws {@link RestoresFileError}
 */
export function readRestores(path: string): readonly RestoreRecord[] {
  let bytes: Buffer | undefined
  try {
    bytes = readPrivateFile(path, { maxBytes: MAX_FILE_BYTES })
  } catch (error) {
    if (!(error instanceof PrivateFileError)) throw error
    throw new RestoresFileError("restores_unreadable", `the record of restores ${path} ${error.message}`, {
      cause: error,
    })
  }
  const lines = bytes === undefined ? [] : bytes.toString("utf8").split("\n")
  const end = lines.pop()
  const restores = lines.map(parseLine)
  if ((end !== undefined && end !== "") || restores.includes(undefined))
    throw new RestoresFileError(
      "restores_malformed",
      `the record of restores ${path} is damaged: put it back from your backup of the keys`,
    )
  return restores.filter((restore) => restore !== undefined)
}

function parseLine(line: string): RestoreRecord | undefined {
  const [, name, id, ended] = /^([\w.-]{1,64}) ([0-9a-f]{16}) (\S+)$/.exec(line) ?? []
  if (name === undefined || id === undefined) return undefined
  return { name, id, ...(ended !== undefined && ended !== "-" && { endedVerifierKey: ended }) }
}

/**
 * Replaces the record atomically. It is on disk when this returns.
 * @throws {@link RestoresFileError}
 */
export function writeRestores(path: string, restores: readonly RestoreRecord[]): void {
  const lines = restores.map(({ name, id, endedVerifierKey = "-" }) => `${name} ${id} ${endedVerifierKey}\n`)
  try {
    writeWhole(path, lines.join(""), { mode: 0o600, replace: true })
  } catch (error) {
    throw new RestoresFileError(
      "restores_unwritable",
      `the record of restores ${path} cannot be written (${codeOf(error)}): check the folder's rights and free space`,
      { cause: error },
    )
  }
}
