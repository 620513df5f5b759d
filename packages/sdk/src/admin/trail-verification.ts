import {
  type Checkpoint,
  openCheckpoint,
  parseVerifierKey,
  type TrailReport,
  type VerifierKey,
  verifyTrail,
} from "@agentwrit/audit"
import type { AuditEvent } from "@agentwrit/contract"
import type { CallOptions } from "../broker-client.ts"

/** What to verify the broker's trail against. */
export interface TrailVerificationOptions extends CallOptions {
  /**
   * The key that signs the trail's checkpoints, as `audit.pub` holds it: pinned, taken from a place that the broker cannot
   * change. Without it no signature can be verified, and a trail that was rewritten with new hashes looks sound.
   */
  readonly verifierKey?: string | VerifierKey | undefined
  /** A checkpoint that was kept earlier; only with `verifierKey`. A trail that was cut or rewritten since then is found. */
  readonly checkpoint?: string | undefined
  /** Told now and then how many events of how many were read. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** What came of a verification. */
export interface TrailVerification {
  readonly report: TrailReport
  /** The broker's present checkpoint, its signature verified; absent without a verifier key. */
  readonly present?: Checkpoint
  /** The kept checkpoint, its signature verified; absent when none was given. */
  readonly kept?: Checkpoint
}

/** Where the trail comes from. */
export interface TrailSource {
  readonly checkpoint: (options: CallOptions) => Promise<string>
  readonly events: (options: CallOptions) => AsyncIterable<AuditEvent>
  readonly count: (options: CallOptions) => Promise<number>
}

/** How often progress is told, in events. */
const PROGRESS_STEP = 1000

/** Reads the whole trail and holds it against its present checkpoint and a kept one. */
export async function verifyBrokerTrail(
  source: TrailSource,
  { checkpoint: keptNote, onProgress, signal, verifierKey }: TrailVerificationOptions,
): Promise<TrailVerification> {
  if (keptNote !== undefined && verifierKey === undefined)
    throw new TypeError("a kept checkpoint is verified with verifierKey, the key that was pinned with it")
  const key = typeof verifierKey === "string" ? parseVerifierKey(verifierKey.trim()) : verifierKey
  const kept = key && keptNote !== undefined ? openCheckpoint(keptNote, key) : undefined
  // Before the events are read: those that it covers are there then, whatever comes meanwhile.
  const present = key && openCheckpoint(await source.checkpoint({ signal }), key)
  const total = onProgress === undefined ? 0 : await source.count({ signal })
  const events = told(source.events({ signal }), (done) => onProgress?.(done, Math.max(done, total)))
  const report = await verifyTrail(events, { checkpoints: [kept, present].filter((head) => head !== undefined) })
  return { report, ...(present && { present }), ...(kept && { kept }) }
}

async function* told<T>(items: AsyncIterable<T>, tell: (done: number) => void): AsyncGenerator<T, void, undefined> {
  let done = 0
  for await (const item of items) {
    yield item
    if (++done % PROGRESS_STEP === 0) tell(done)
  }
  tell(done)
}
