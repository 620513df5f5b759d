import { decodeBase64, encodeBase64, type SigningKey } from "@agentwrit/core"
import { CheckpointError } from "./errors.ts"
import { assertHashBytes, HASH_LENGTH } from "./merkle.ts"
import { openNote, signNote } from "./note.ts"
import type { VerifierKey } from "./verifier-key.ts"

/** The state of a trail's tree. */
export interface TreeHead {
  /** Events in the trail. */
  readonly size: number
  /** RFC 6962 root over their leaf hashes, 32 bytes. */
  readonly root: Uint8Array
}

/** A tree head and its origin: the content of a C2SP tlog-checkpoint. */
export interface Checkpoint extends TreeHead {
  /** `{trust domain}/audit` (CONTRACT 4). Also the name of the signing key. */
  readonly origin: string
}

/**
 * Signs a tree head as a C2SP tlog-checkpoint: a signed note with three lines, origin, size and base64 root. With a
 * kept checkpoint anyone can detect later that the trail was cut or rewritten.
 *
 * Sign only what is on disk, and never what contradicts an earlier checkpoint.
 * @param keys each signs it; usually one, and two while one key follows another.
 * @throws `TypeError` for an invalid checkpoint.
 * @example signCheckpoint({ origin: "agentwrit.local/audit", size: edge.size, root: edge.root() }, auditKey)
 */
export function signCheckpoint(checkpoint: Checkpoint, ...keys: readonly SigningKey[]): string {
  return signNote(checkpointText(checkpoint), checkpoint.origin, ...keys)
}

/** The three lines of a checkpoint. @throws `TypeError` for an invalid one. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  if (!Number.isSafeInteger(size) || size < 0)
    throw new TypeError("a tree's size must be a whole number from 0 to 2^53 - 1")
  assertHashBytes(root)
  return `${origin}\n${size}\n${encodeBase64(root)}\n`
}

/**
 * Verifies the signature of a checkpoint and parses it. Extension lines are covered by the signature and ignored.
 * @param verifierKey a pinned key, never one from the note's source. Its name is the origin that the note must have.
 * @throws {@link NoteError} when the note is malformed or not signed by the key.
 * @throws {@link CheckpointError} `malformed_checkpoint` or `checkpoint_origin_mismatch`.
 */
export function openCheckpoint(note: string, verifierKey: VerifierKey): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(note, verifierKey))
  if (checkpoint.origin !== verifierKey.name)
    throw new CheckpointError(
      "checkpoint_origin_mismatch",
      `the checkpoint is of another trail than ${verifierKey.name}, whose key signed it`,
    )
  return checkpoint
}

/**
 * Parses the text of a checkpoint. Nothing about its signature was verified.
 * @throws {@link CheckpointError} `malformed_checkpoint`.
 */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.slice(0, -1).split("\n")
  const [origin = "", size = "", root = ""] = lines
  if (lines.length < 3 || lines.includes("")) throw malformed("it has fewer than three lines, or an empty line")
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size)))
    throw malformed("its size is not a decimal number up to 2^53 - 1 without leading zeros")
  return { origin, size: Number(size), root: decodeRoot(root) }
}

function decodeRoot(text: string): Uint8Array {
  try {
    const root = decodeBase64(text)
    if (root.length === HASH_LENGTH) return root
  } catch (cause) {
    throw malformed("its root is not padded standard base64", { cause })
  }
  throw malformed("its root is not 32 bytes")
}

function malformed(why: string, options?: ErrorOptions): CheckpointError {
  return new CheckpointError("malformed_checkpoint", `the note is signed, but is not a checkpoint: ${why}`, options)
}
