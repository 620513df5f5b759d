import { type Checkpoint, openCheckpoint, signCheckpoint, type VerifierKey, verifierKeyOf } from "@agentwrit/audit"
import { encodeBase64 } from "@agentwrit/core"
import type { AuthorityContext } from "./context.ts"
import { Refusal } from "./refusal.ts"
import { type KeptCheckpoint, type Store, type TreeHead, UnavailableError } from "./store.ts"

/**
 * Remembers outside the store the newest checkpoint that left this process. A database put back to an older copy is noticed by
 * it, before anything is signed that contradicts what others hold.
 */
export interface CheckpointWitness {
  /** The last note given to {@link CheckpointWitness.keep}, if any. */
  kept(): Promise<string | undefined>
  /** Answers once the note is on disk. */
  keep(note: string): Promise<void>
}

/**
 * The name that the checkpoints of a trust domain's trail carry (CONTRACT 4).
 * @param restore sets a trail that was put back to an older copy apart from the one that it was before; absent before the first.
 */
export const auditOrigin = (trustDomain: string, restore?: string): string =>
  restore === undefined ? `${trustDomain}/audit` : `${trustDomain}/audit/${restore}`

/** A signed checkpoint over every commit answered before the call (CONTRACT 3, `GET /v1/audit/checkpoint`). */
export async function signedCheckpoint(context: AuthorityContext): Promise<string> {
  if (context.trailProblem !== undefined)
    throw new Refusal("unavailable", {
      detail: "no checkpoint is signed while the trail does not verify",
      reason: context.trailProblem,
      retryAfter: 60,
    })
  const { origin, auditKey } = context
  try {
    const { note, size } = await context.store.seal((head) => signCheckpoint({ origin, ...head }, auditKey))
    await keep(context, note)
    await context.store.forgetCheckpoints(size)
    return note
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    context.observer.storeFailed?.("checkpoint")
    throw new Refusal("unavailable", {
      detail: "the broker cannot store a checkpoint at the moment",
      reason: error.message,
      retryAfter: 1,
      cause: error,
    })
  }
}

/** A witness that holds what contradicts the note is as good a sign as any that the trail is not what it was. */
async function keep(context: AuthorityContext, note: string): Promise<void> {
  try {
    await context.witness.keep(note)
  } catch (error) {
    if (error instanceof UnavailableError) throw error
    context.trailProblem ??= `the newest checkpoint could not be kept: ${messageOf(error)}`
    throw new UnavailableError("failed", context.trailProblem, { cause: error })
  }
}

/** A kept checkpoint does not fit the store: the start must stop, because going on would sign against what others hold. */
export class TrailContradictionError extends Error {
  override readonly name = "TrailContradictionError"
  readonly code = "trail_contradicts_checkpoint"
}

/**
 * Holds the store's trail against the checkpoints that were signed over it: the store's own newest one, and the one that was
 * kept outside it.
 * @returns what is wrong with the store's own, or `undefined`.
 * @throws {@link TrailContradictionError} when the store is older than the kept checkpoint, or another.
 */
export async function checkAgainstCheckpoints(
  { store, witness }: { readonly store: Store; readonly witness: CheckpointWitness },
  { origin, publicKey }: { readonly origin: string; readonly publicKey: Uint8Array },
): Promise<string | undefined> {
  const verifierKey = verifierKeyOf(origin, publicKey)
  const kept = await witness.kept()
  if (kept !== undefined) {
    const claimed = openKept(kept, verifierKey)
    const stored = await store.checkpoint(claimed.size)
    if (stored === undefined || !sameHead(stored, claimed))
      throw new TrailContradictionError(
        `the audit trail (${store.health().trailSize} events) does not contain the checkpoint of ${claimed.size} events that was signed over it: ` +
          "the database was put back to an older copy or changed. Start it with the database that the checkpoint belongs to; " +
          "if you restored a backup, declare it: start once with AA_DECLARE_RESTORE set to a name for this restore, such as the date",
      )
  }
  const newest = await store.checkpoint()
  if (newest === undefined) return undefined
  const fault = checkpointFault(newest, verifierKey)
  // A crash may have come between a checkpoint's commit and its keeping.
  if (fault === undefined) await witness.keep(newest.note)
  return fault
}

/** Opens a checkpoint that was kept outside the store. */
export function openKept(note: string, verifierKey: VerifierKey): Checkpoint {
  try {
    return openCheckpoint(note, verifierKey)
  } catch (cause) {
    throw new TrailContradictionError(
      `the checkpoint kept beside the audit key is not one that this key signed for ${verifierKey.name} (${messageOf(cause)}): ` +
        "put back the file, the key, and AA_TRUST_DOMAIN that belong to this trail",
      { cause },
    )
  }
}

function checkpointFault(stored: KeptCheckpoint, verifierKey: VerifierKey): string | undefined {
  try {
    const signed = openCheckpoint(stored.note, verifierKey)
    return sameHead(stored, signed)
      ? undefined
      : `the trail's tree does not match its checkpoint of ${signed.size} events`
  } catch (cause) {
    return `the trail's checkpoint of ${stored.size} events does not open: ${messageOf(cause)}`
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

function sameHead(stored: KeptCheckpoint, signed: TreeHead): boolean {
  return stored.size === signed.size && encodeBase64(stored.root) === encodeBase64(signed.root)
}

/** Milliseconds between a commit and the checkpoint that covers it when nobody asks for one. */
const INTERVAL = 1000

/** Signs a checkpoint at most once a second while the trail grows, so that a start has little to verify. */
export class CheckpointSchedule {
  #timer: NodeJS.Timeout | undefined
  #signing: Promise<unknown> = Promise.resolve()
  #stopped = false
  readonly #context: AuthorityContext

  constructor(context: AuthorityContext) {
    this.#context = context
  }

  /** To be called when the trail grew. */
  grown(): void {
    if (this.#timer !== undefined || this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#signing = this.#signing.then(() => this.#sign())
    }, INTERVAL)
    this.#timer.unref()
  }

  /** Signs a last one and ends. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#signing
    await this.#sign()
  }

  async #sign(): Promise<void> {
    if (this.#context.trailProblem !== undefined || this.#context.store.health().trailSize === 0) return
    try {
      await signedCheckpoint(this.#context)
    } catch (error) {
      this.#context.observer.checkpointFailed?.(error)
    }
  }
}
