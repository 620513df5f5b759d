import {
  type Checkpoint,
  parseVerifierKeys,
  TrailKeys,
  type TrailReport,
  type VerifierKey,
  verifyTrail,
} from "@agentwrit/audit"
import type { AuditEvent } from "@agentwrit/contract"
import type { CallOptions } from "../broker-client.ts"

/** What the broker's trail is verified against. */
export interface TrailVerificationOptions extends CallOptions {
  /**
   * The key that verifies the trail's checkpoints, or the lines of `audit.pub`. Pin it: take it from a place that the
   * broker cannot change. A key that it was rotated to is trusted as far as the trail shows the rotation. Without it, no
   * signature is verified, and a trail that was rewritten with new hashes looks correct.
   */
  readonly verifierKey?: string | VerifierKey | undefined
  /** An earlier checkpoint, which shows whether the trail was cut or rewritten since. Needs `verifierKey`. */
  readonly checkpoint?: string | undefined
  /** Called from time to time with the number of events that were read, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** The result of a verification. */
export interface TrailVerification {
  readonly report: TrailReport
  /** The broker's current checkpoint, with a verified signature. Absent without a verifier key. */
  readonly present?: Checkpoint
  /** The kept checkpoint, with a verified signature. Absent when none was given. */
  readonly kept?: Checkpoint
}

/** Where the trail comes from. */
export interface TrailSource {
  readonly checkpoint: (options: CallOptions) => Promise<string>
  readonly events: (options: CallOptions) => AsyncIterable<AuditEvent>
  readonly count: (options: CallOptions) => Promise<number>
}

/** Events between two calls of `onProgress`. */
const PROGRESS_STEP = 1000

/** Reads the whole trail and verifies it against its current checkpoint and a kept one. */
export async function verifyBrokerTrail(
  source: TrailSource,
  { checkpoint: keptNote, onProgress, signal, verifierKey }: TrailVerificationOptions,
): Promise<TrailVerification> {
  if (keptNote !== undefined && verifierKey === undefined)
    throw new TypeError("a kept checkpoint needs verifierKey, the key that was pinned with it")
  const keys = verifierKey === undefined ? undefined : new TrailKeys(pinnedKeys(verifierKey))
  const kept = keptNote === undefined ? undefined : keys?.claimed(keptNote)
  // Read before the events, so that all events that it covers are there.
  const presentNote = keys && (await source.checkpoint({ signal }))
  const present = presentNote === undefined ? undefined : keys?.claimed(presentNote)
  const total = onProgress === undefined ? 0 : await source.count({ signal })
  const events = withProgress(source.events({ signal }), (done) => onProgress?.(done, Math.max(done, total)))
  const notes = keptNote === undefined ? [] : [keptNote]
  const report = await verifyTrail(events, keys && { signed: { keys, notes, newest: presentNote } })
  return { report, ...(present && { present }), ...(kept && { kept }) }
}

const pinnedKeys = (verifierKey: string | VerifierKey): ConstructorParameters<typeof TrailKeys>[0] =>
  typeof verifierKey === "string" ? parseVerifierKeys(verifierKey) : [verifierKey]

async function* withProgress<T>(
  items: AsyncIterable<T>,
  report: (done: number) => void,
): AsyncGenerator<T, void, undefined> {
  let done = 0
  for await (const item of items) {
    yield item
    if (++done % PROGRESS_STEP === 0) report(done)
  }
  report(done)
}
