import { type Checkpoint, openCheckpoint, parseVerifierKey, type VerifierKey } from "@agentwrit/audit"
import { readFile } from "./read-file.ts"

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
  const text = /^[^+/]+(?:\/[^+]+)?\+[0-9a-f]{8}\+/.test(vkey) ? vkey : readFile("--vkey", vkey).trim()
  const key = parseVerifierKey(text)
  if (checkpoint === undefined) return { key }
  const keptNote = readFile("--checkpoint", checkpoint)
  return { key, kept: openCheckpoint(keptNote, key), keptNote }
}
