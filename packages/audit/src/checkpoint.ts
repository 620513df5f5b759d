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

/** A tree head, and whose it is: what a C2SP tlog-checkpoint says. */
export interface Checkpoint extends TreeHead {
  /** `{trust domain}/audit` (CONTRACT 4). Also the name of the key that signs. */
  readonly origin: string
}

/**
 * Signs a tree head as a C2SP tlog-checkpoint: a signed note with the origin, the size and the base64 root, a line each. Whoever
 * keeps it can later tell that the trail was cut or rewritten.
 *
 * Sign only what is on disk, and nothing that contradicts an earlier checkpoint.
 * @throws `TypeError` when the checkpoint cannot be written.
 * @example signCheckpoint({ origin: "agentwrit.local/audit", size: edge.size, root: edge.root() }, auditKey)
 */
export function signCheckpoint({ origin, size, root }: Checkpoint, key: SigningKey): string {
  if (!Number.isSafeInteger(size) || size < 0) throw new TypeError("a tree's size is a whole number from 0 to 2^53 - 1")
  assertHashBytes(root)
  return signNote(`${origin}\n${size}\n${encodeBase64(root)}\n`, origin, key)
}

/**
 * Reads a checkpoint, once its signature holds. Extension lines are signed like the rest, and ignored.
 * @param verifierKey Pinned beforehand, never taken from where the note came from. Its name is the origin that the note must have.
 * @throws {@link NoteError} when the note is malformed or not signed by the key.
 * @throws {@link CheckpointError} `malformed_checkpoint` or `checkpoint_origin_mismatch`.
 */
export function openCheckpoint(note: string, verifierKey: VerifierKey): Checkpoint {
  const lines = openNote(note, verifierKey).slice(0, -1).split("\n")
  const [origin = "", size = "", root = ""] = lines
  if (lines.length < 3 || lines.includes("")) throw malformed("it has not at least three lines, or an empty one")
  if (origin !== verifierKey.name)
    throw new CheckpointError(
      "checkpoint_origin_mismatch",
      `the checkpoint is of another trail than ${verifierKey.name}, whose key signed it`,
    )
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size)))
    throw malformed("its size is no decimal number up to 2^53 - 1 without leading zeros")
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
  return new CheckpointError("malformed_checkpoint", `the note is signed, but no checkpoint: ${why}`, options)
}
