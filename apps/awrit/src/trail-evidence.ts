import { parseVerifierKeys, TrailKeys } from "@agentwrit/audit"
import { readFile } from "./read-file.ts"

/** What a trail is verified against. */
export interface Evidence {
  /** The text of the pinned keys. */
  readonly pinned?: string
  /** The pinned keys, and those that the trail leads to. */
  readonly keys?: TrailKeys
  /** The kept checkpoint, as it was signed. */
  readonly keptNote?: string
}

/**
 * Reads the verifier key and the file of a kept checkpoint.
 * @param vkey the key, or the path of a file that contains it, and perhaps the keys that it followed.
 * @throws CommandError or AuditError if one cannot be read or is invalid.
 */
export function readEvidence(vkey: string | undefined, checkpoint: string | undefined): Evidence {
  if (vkey === undefined) return {}
  // A C2SP key is name+hash+key. Everything else is a path.
  const pinned = /^[^+/]+(?:\/[^+]+)?\+[0-9a-f]{8}\+/.test(vkey) ? vkey : readFile("--vkey", vkey)
  const keys = new TrailKeys(parseVerifierKeys(pinned))
  return { pinned, keys, ...(checkpoint !== undefined && { keptNote: readFile("--checkpoint", checkpoint) }) }
}
