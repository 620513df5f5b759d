import { type Checkpoint, openCheckpoint, type VerifierKey, verifierKeyOf } from "@agentwrit/audit"
import { encodeBase64 } from "@agentwrit/core"
import { messageOf } from "../message-of.ts"
import type { CheckpointAnchor } from "../ports/checkpoint-anchor.ts"
import type { Store } from "../ports/store.ts"
import type { StoredCheckpoint, TreeHead } from "../ports/trail.ts"

/** Why a kept checkpoint and the trail do not fit together. */
export type TrailContradictionCode =
  /** The store does not contain the checkpoint: it was put back to an older copy, or changed. */
  | "trail_contradicts_checkpoint"
  /** The kept checkpoint does not open with this audit key and origin. */
  | "kept_checkpoint_foreign"
  /** The trail says that another audit key follows this one. */
  | "audit_key_rotated_out"

/** A kept checkpoint does not fit the store. The start must stop: going on would sign against what others hold. */
export class TrailContradictionError extends Error {
  override readonly name = "TrailContradictionError"
  readonly code: TrailContradictionCode

  constructor(code: TrailContradictionCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * The name on the checkpoints of a trust domain's trail (CONTRACT 4).
 * @param restore separates a trail that was put back to an older copy from the one before; absent before the first
 * restore.
 */
export const auditOrigin = (trustDomain: string, restore?: string): string =>
  restore === undefined ? `${trustDomain}/audit` : `${trustDomain}/audit/${restore}`

/** What {@link findContradiction} compares. */
export interface SignedTrail {
  readonly store: Store
  readonly anchor: CheckpointAnchor
  readonly origin: string
  /** The audit key's. */
  readonly publicKey: Uint8Array
}

/**
 * Compares the trail with the checkpoints that were signed over it: the anchor's, and the newest one in the store.
 * @returns what is wrong with the one in the store, or `undefined`.
 * @throws {@link TrailContradictionError} when the trail does not contain the anchor's.
 */
export async function findContradiction({
  store,
  anchor,
  origin,
  publicKey,
}: SignedTrail): Promise<string | undefined> {
  const verifierKey = verifierKeyOf(origin, publicKey)
  const kept = await anchor.kept()
  if (kept !== undefined) await requireContained(store, openKept(kept, verifierKey))
  const newest = await store.trail.checkpoint()
  if (newest === undefined) return undefined
  const problem = problemOf(newest, verifierKey)
  // A crash may have come between the commit of a checkpoint and its keeping.
  if (problem === undefined) await anchor.keep(newest.note)
  return problem
}

/** Opens a checkpoint that was kept outside the store. */
export function openKept(note: string, verifierKey: VerifierKey): Checkpoint {
  try {
    return openCheckpoint(note, verifierKey)
  } catch (cause) {
    throw new TrailContradictionError(
      "kept_checkpoint_foreign",
      `the checkpoint kept beside the audit key is not one that this key signed for ${verifierKey.name} (${messageOf(cause)})`,
      { cause },
    )
  }
}

async function requireContained(store: Store, claimed: Checkpoint): Promise<void> {
  const stored = await store.trail.checkpoint(claimed.size)
  if (stored !== undefined && sameHead(stored, claimed)) return
  const { trailSize } = store.housekeeping.health()
  throw new TrailContradictionError(
    "trail_contradicts_checkpoint",
    `the audit trail (${trailSize} events) does not contain the checkpoint of ${claimed.size} events that was signed over it: ` +
      "the database was put back to an older copy or changed",
  )
}

function problemOf(stored: StoredCheckpoint, verifierKey: VerifierKey): string | undefined {
  try {
    const signed = openCheckpoint(stored.note, verifierKey)
    return sameHead(stored, signed)
      ? undefined
      : `the trail's tree does not match its checkpoint of ${signed.size} events`
  } catch (cause) {
    return `the trail's checkpoint of ${stored.size} events does not open: ${messageOf(cause)}`
  }
}

function sameHead(stored: TreeHead, signed: TreeHead): boolean {
  return stored.size === signed.size && encodeBase64(stored.root) === encodeBase64(signed.root)
}
