import { type Checkpoint, formatVerifierKey, openCheckpoint, type VerifierKey, verifierKeyOf } from "@agentwrit/audit"
import { encodeBase64 } from "@agentwrit/core"
import { type CheckpointWitness, openKept, signedCheckpoint } from "./checkpoint.ts"
import type { AuthorityContext } from "./context.ts"
import type { Store } from "./store.ts"
import { commit } from "./trail.ts"

/** A restore that the operator declares: the store was put back to an older copy on purpose (CONTRACT 4). */
export interface DeclaredRestore {
  /** What the operator calls it, for the trail. */
  readonly name: string
  /** Where the newest checkpoint from before was kept. */
  readonly witness: CheckpointWitness
  /** The key that signed it; absent when that is lost. */
  readonly verifierKey?: VerifierKey
}

/** Why a declared restore is not carried out. */
export type RestoreErrorCode =
  /** There is no event and no checkpoint: whatever is there, it was not restored. */
  | "nothing_restored"
  /** The copy is damaged. */
  | "restored_trail_broken"

/** A declared restore that cannot be one; nothing was changed. */
export class RestoreError extends Error {
  override readonly name = "RestoreError"
  readonly code: RestoreErrorCode

  constructor(code: RestoreErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Makes `trail_restored` the first event after a restore, and signs the trail with it under the new key and origin. In the same
 * commit the feed of revocations begins an era, so that whoever holds a position from before is sent everything anew, and launch
 * tokens are forgotten.
 *
 * Those who kept a checkpoint from before find in this event how far the trail had come at the least, and by which key it goes on.
 * @throws {@link RestoreError}
 */
export async function recordRestore(context: AuthorityContext, restore: DeclaredRestore): Promise<void> {
  const { store, origin, auditKey, trailProblem } = context
  // A start looks no further back than the newest checkpoint: an edit before it would be signed under the new key.
  const problem = trailProblem ?? (await store.verifyTrail(new AbortController().signal, { atOnce: true }))
  if (problem !== undefined)
    throw new RestoreError(
      "restored_trail_broken",
      `the restored audit trail does not verify: ${problem}. Restore another copy`,
    )
  const { trailSize } = store.health()
  const last = await lastKnown(store, restore)
  if (trailSize === 0 && last === undefined)
    throw new RestoreError(
      "nothing_restored",
      "a restore is declared, but the database is empty and no checkpoint of an earlier one is kept: unset AA_DECLARE_RESTORE, " +
        "or correct AA_DB_PATH",
    )
  const detail = [
    `restore ${restore.name} declared: the trail was put back to ${trailSize} events`,
    last === undefined
      ? "no checkpoint from before is known"
      : `the last known checkpoint is of ${last.size} events, root ${encodeBase64(last.root)}, by ${last.origin}`,
    `from here on checkpoints are signed by ${formatVerifierKey(verifierKeyOf(origin, auditKey.publicKey))}`,
  ].join("; ")
  await commit(context, {
    writes: [{ type: "begin_era" }],
    events: [{ event_type: "trail_restored", detail, outcome: "success" }],
  })
  await signedCheckpoint(context)
}

/** The larger of the checkpoint that was kept outside the store and the newest one in it. */
async function lastKnown(
  store: Store,
  { witness, verifierKey }: Pick<DeclaredRestore, "witness" | "verifierKey">,
): Promise<Checkpoint | undefined> {
  if (verifierKey === undefined) return undefined
  const kept = await witness.kept()
  const outside = kept === undefined ? undefined : openKept(kept, verifierKey)
  const inside = openStored((await store.checkpoint())?.note, verifierKey)
  return outside === undefined || (inside !== undefined && inside.size > outside.size) ? inside : outside
}

/** The copy may be from before an earlier restore: its checkpoint is of another key then, and says nothing of this line. */
function openStored(note: string | undefined, verifierKey: VerifierKey): Checkpoint | undefined {
  if (note === undefined) return undefined
  try {
    return openCheckpoint(note, verifierKey)
  } catch {
    return undefined
  }
}
