import { readFileSync } from "node:fs"
import { type Checkpoint, openCheckpoint, parseVerifierKey, type VerifierKey } from "@agentwrit/audit"
import { codeOf } from "@agentwrit/config-file"
import { CommandError } from "./errors.ts"

/** What a trail is verified against. */
export interface Evidence {
  readonly key?: VerifierKey
  /** The kept checkpoint, with a verified signature. */
  readonly kept?: Checkpoint
  /** The signed text of {@link Evidence.kept}. */
  readonly keptNote?: string
}

/**
 * Reads the verifier key and the file of a kept checkpoint.
 * @param vkey the key, or the path of a file that contains it.
 * @throws CommandError or AuditError if one cannot be read or is invalid.
 */
export function readEvidence(vkey: string | undefined, checkpoint: string | undefined): Evidence {
  if (vkey === undefined) return {}
  // A C2SP key is name+hash+key. Everything else is a path.
  const text = /^[^+/]+(?:\/[^+]+)?\+[0-9a-f]{8}\+/.test(vkey) ? vkey : read("--vkey", vkey).trim()
  const key = parseVerifierKey(text)
  if (checkpoint === undefined) return { key }
  const keptNote = read("--checkpoint", checkpoint)
  return { key, kept: openCheckpoint(keptNote, key), keptNote }
}

function read(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    throw new CommandError(`${flag}: ${path} cannot be read (${codeOf(error)})`)
  }
}
