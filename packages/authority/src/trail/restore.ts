import { type Checkpoint, formatVerifierKey, openCheckpoint, type VerifierKey, verifierKeyOf } from "@agentwrit/audit"
import { encodeBase64 } from "@agentwrit/core"
import type { AuthorityContext } from "../context.ts"
import type { CheckpointAnchor } from "../ports/checkpoint-anchor.ts"
import type { Store } from "../ports/store.ts"
import { signedCheckpoint } from "./checkpoint.ts"
import { commit } from "./commit.ts"
import { openKept } from "./trail-contradiction.ts"

/** A declared restore: the operator put the store back to an older copy on purpose (CONTRACT 4). */
export interface DeclaredRestore {
  /** The operator's name for it, for the trail. */
  readonly name: string
  /** Holds the newest checkpoint from before the restore. */
  readonly anchor: CheckpointAnchor
  /** The key that signed that checkpoint; absent when it is lost. */
  readonly verifierKey?: VerifierKey
}

/** Why a declared restore is refused. */
export type RestoreErrorCode =
  /** There is no event and no checkpoint, so nothing was restored. */
  | "nothing_restored"
  /** The copy is damaged. */
  | "restored_trail_broken"

/** A declared restore was refused; nothing was changed. */
export class RestoreError extends Error {
  override readonly name = "RestoreError"
  readonly code: RestoreErrorCode

  constructor(code: RestoreErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Writes `trail_restored` as the first event after a restore, and signs the trail under the new key and origin. The
 * same commit begins a new era of the revocation feed, so that every verifier loads it again, and deletes all launch
 * tokens.
 *
 * The event names the last known checkpoint and the new key, for those who kept an older checkpoint.
 * @throws {@link RestoreError}
 */
export async function recordRestore(context: AuthorityContext, restore: DeclaredRestore): Promise<void> {
  const { store, origin, auditKeys, trailStatus } = context
  // A start verifies only from the newest checkpoint on. An edit before it would be signed under the new key.
  const problem = trailStatus.problem ?? (await store.trail.verify(new AbortController().signal, { atOnce: true }))
  if (problem !== undefined)
    throw new RestoreError(
      "restored_trail_broken",
      `the restored audit trail does not verify: ${problem}. Restore another copy`,
    )
  const { trailSize } = store.housekeeping.health()
  const last = await lastKnown(store, restore)
  if (trailSize === 0 && last === undefined)
    throw new RestoreError(
      "nothing_restored",
      "a restore is declared, but the database is empty and no checkpoint of an earlier one is kept",
    )
  const detail = [
    `restore ${restore.name} declared: the trail was put back to ${trailSize} events`,
    last === undefined
      ? "no checkpoint from before is known"
      : `the last known checkpoint has ${last.size} events, root ${encodeBase64(last.root)}, by ${last.origin}`,
    `from here on checkpoints are signed by ${formatVerifierKey(verifierKeyOf(origin, auditKeys.current.publicKey))}`,
  ].join("; ")
  await commit(context, {
    writes: [{ type: "begin_era" }],
    events: [{ event_type: "trail_restored", detail, outcome: "success" }],
  })
  await signedCheckpoint(context)
}

/** The larger one of the anchor's checkpoint and the newest one in the store. */
async function lastKnown(
  store: Store,
  { anchor, verifierKey }: Pick<DeclaredRestore, "anchor" | "verifierKey">,
): Promise<Checkpoint | undefined> {
  if (verifierKey === undefined) return undefined
  const kept = await anchor.kept()
  const outside = kept === undefined ? undefined : openKept(kept, verifierKey)
  const inside = openStored((await store.trail.checkpoint())?.note, verifierKey)
  return outside === undefined || (inside !== undefined && inside.size > outside.size) ? inside : outside
}

/** A copy from before an earlier restore has a checkpoint of another key, which says nothing about this trail. */
function openStored(note: string | undefined, verifierKey: VerifierKey): Checkpoint | undefined {
  if (note === undefined) return undefined
  try {
    return openCheckpoint(note, verifierKey)
  } catch {
    return undefined
  }
}
