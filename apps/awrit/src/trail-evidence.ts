import { readFileSync } from "node:fs"
import { type Checkpoint, openCheckpoint, parseVerifierKey, type VerifierKey } from "@agentwrit/audit"
import { codeOf } from "@agentwrit/config-file"
import { CommandError } from "./errors.ts"

/** What a trail is held against, and where each comes from. */
export interface Evidence {
  readonly key?: VerifierKey
  /** A checkpoint that was kept, its signature verified, and its text. */
  readonly kept?: Checkpoint
  readonly keptNote?: string
}

/**
 * Reads the verifier key, itself or the file that holds it, and the file of a kept checkpoint.
 * @throws CommandError or AuditError when one of them is none.
 */
export function readEvidence(vkey: string | undefined, checkpoint: string | undefined): Evidence {
  if (vkey === undefined) return {}
  // A key holds plus signs, which separate its three parts; where it does not read as one, it names a file.
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
