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

/** What the broker's trail is verified against. */
export interface TrailVerificationOptions extends CallOptions {
  /**
   * The key that verifies the trail's checkpoints, as in `audit.pub`. Pin it: take it from a place that the broker
   * cannot change. Without it, no signature is verified, and a trail that was rewritten with new hashes looks correct.
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
  const key = typeof verifierKey === "string" ? parseVerifierKey(verifierKey.trim()) : verifierKey
  const kept = key && keptNote !== undefined ? openCheckpoint(keptNote, key) : undefined
  // Read before the events, so that all events that it covers are there.
  const present = key && openCheckpoint(await source.checkpoint({ signal }), key)
  const total = onProgress === undefined ? 0 : await source.count({ signal })
  const events = withProgress(source.events({ signal }), (done) => onProgress?.(done, Math.max(done, total)))
  const report = await verifyTrail(events, { checkpoints: [kept, present].filter((head) => head !== undefined) })
  return { report, ...(present && { present }), ...(kept && { kept }) }
}

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
