import { encodeBase64 } from "@agentwrit/core"
import type { TreeHead } from "./checkpoint.ts"
import { assertHashBytes, sameHash } from "./merkle.ts"
import type { TrailKeys } from "./trail-keys.ts"
import { problemAt, type TrailProblem, type TrailState, TrailVerifier } from "./trail-verifier.ts"

/** Options of {@link verifyTrail}. */
export interface VerifyTrailOptions {
  /**
   * A kept checkpoint, from {@link openCheckpoint}. Without one, a cut tail or a trail rewritten with new hashes is not
   * found.
   */
  readonly checkpoint?: TreeHead
  /** Several checkpoints, in any order. */
  readonly checkpoints?: readonly TreeHead[]
  /**
   * Checkpoints as they were signed, and the pinned keys, which follow every rotation of the audit key that the events
   * show. `newest` is the one that the source of the events gives as its newest: a key from before the newest pinned one
   * cannot have signed it.
   */
  readonly signed?: {
    readonly keys: TrailKeys
    readonly notes: readonly string[]
    readonly newest?: string | undefined
  }
  /**
   * The position before the events; default: the start of the trail. Checkpoints of a smaller size cannot be verified.
   */
  readonly from?: TrailState
}

/** The trail is valid and matches every checkpoint. */
export interface SoundTrail {
  readonly ok: true
  /** The number of events in the trail, including those before `from`. */
  readonly count: number
  /** The last event's `hash`; {@link GENESIS_HASH} for an empty trail. */
  readonly headHash: string
  /** RFC 6962 root over all events, 32 bytes. */
  readonly root: Uint8Array
}

/** The trail is broken; its first problem. */
export interface BrokenTrail extends TrailProblem {
  readonly ok: false
}

/** The outcome of a verification. */
export type TrailReport = SoundTrail | BrokenTrail

/**
 * Verifies a trail: ids, order, hashes, the chain, and the tree at every checkpoint. Events are JSON objects or lines
 * of NDJSON; they are not trusted. It holds one event in memory at a time.
 *
 * The first edited, dropped, moved, repeated or inserted event is found without a checkpoint. A cut tail, or a trail
 * rewritten with new hashes, is found only with a checkpoint that someone kept.
 * @throws `TypeError` for an invalid checkpoint, or one before `from`. Errors of the event source pass through.
 * @throws {@link AuditError} when a signed checkpoint has not the form of one, or none of the keys signed it although
 * the trail matches it.
 * @example
 * const report = await verifyTrail(lines, { checkpoint: openCheckpoint(note, parseVerifierKey(pinned)) })
 * if (!report.ok) console.error(report.message)
 */
export async function verifyTrail(
  events: Iterable<unknown> | AsyncIterable<unknown>,
  options: VerifyTrailOptions = {},
): Promise<TrailReport> {
  const { signed } = options
  const verifier = new TrailVerifier(options.from)
  const checks = new CheckpointChecks(options, verifier)
  const early = checks.due()
  if (early !== undefined) return { ok: false, ...early }
  for await (const event of events) {
    const problem = verifier.push(event) ?? checks.due()
    if (problem !== undefined) return { ok: false, ...problem }
    signed?.keys.follow(event)
  }
  const missing = checks.missing()
  if (missing !== undefined) return { ok: false, ...missing }
  // Only now are the keys known that the trail leads to.
  for (const note of signed?.notes ?? []) signed?.keys.open(note)
  if (signed?.newest !== undefined) signed.keys.openNewest(signed.newest)
  return { ok: true, count: verifier.size, headHash: verifier.state().prevHash, root: verifier.root() }
}

/** The checkpoints that the trail has not reached yet, the smallest first. */
class CheckpointChecks {
  readonly #pending: TreeHead[]
  readonly #verifier: TrailVerifier

  constructor({ checkpoint, checkpoints = [], signed }: VerifyTrailOptions, verifier: TrailVerifier) {
    this.#verifier = verifier
    const notes = [...(signed?.notes ?? []), ...(signed?.newest === undefined ? [] : [signed.newest])]
    const claimed = notes.flatMap((note) => signed?.keys.claimed(note) ?? [])
    const all = [...checkpoints, ...claimed, ...(checkpoint === undefined ? [] : [checkpoint])]
    this.#pending = all.sort((a, b) => a.size - b.size)
    for (const { size, root } of this.#pending) {
      assertHashBytes(root)
      if (!Number.isSafeInteger(size) || size < verifier.size)
        throw new TypeError(`a checkpoint of ${size} events cannot be verified from event ${verifier.size} on`)
    }
  }

  /** Compares the trail with every checkpoint of its present size. */
  due(): TrailProblem | undefined {
    const { size } = this.#verifier
    for (let next = this.#pending[0]; next?.size === size; next = this.#pending[0]) {
      const root = this.#verifier.root()
      if (!sameHash(root, next.root))
        return problemAt(size, "checkpoint_root", encodeBase64(next.root), encodeBase64(root))
      this.#pending.shift()
    }
    return undefined
  }

  /** The first checkpoint that the trail did not reach by its end. */
  missing(): TrailProblem | undefined {
    const next = this.#pending[0]
    if (next === undefined) return undefined
    const { size } = this.#verifier
    return problemAt(size + 1, "checkpoint_size", `${next.size} events`, `${size} events`)
  }
}
