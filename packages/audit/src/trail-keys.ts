import type { SigningKey } from "@agentwrit/core"
import { type Checkpoint, checkpointText, openCheckpoint, parseCheckpoint } from "./checkpoint.ts"
import { AuditError, CheckpointError } from "./errors.ts"
import { noteText, openNote, signNote, signsNote } from "./note.ts"
import { formatVerifierKey, parseVerifierKey, type VerifierKey, verifierKeyOf } from "./verifier-key.ts"

/** Begins the extension line that names the key which follows. */
const NEXT_KEY = "next-key "

/** The type of the events that carry a bridge. */
const ROTATED = "key_rotated"

/**
 * The bridge from one audit key to the next: a checkpoint with an extension line that names the next key, signed by
 * both (CONTRACT 9). The event `key_rotated` carries it, so whoever pinned the former key accepts the next.
 * @throws `TypeError` for an invalid checkpoint.
 */
export function signBridge(checkpoint: Checkpoint, former: SigningKey, next: SigningKey): string {
  const { origin } = checkpoint
  const line = `${NEXT_KEY}${formatVerifierKey(verifierKeyOf(origin, next.publicKey))}\n`
  return signNote(`${checkpointText(checkpoint)}${line}`, origin, former, next)
}

/** A key that signs checkpoints of a trail. */
interface TrustedKey {
  readonly key: VerifierKey
  /** The largest checkpoint that it may sign alone. Another key signs what is larger. */
  until: number
}

/**
 * The keys of one trail: the pinned ones, and each that a bridge leads to. It is given every event of the trail in
 * order; then it opens the checkpoints.
 * @example
 * const keys = new TrailKeys(parseVerifierKeys(pinned))
 * const report = await verifyTrail(events, { signed: { keys, notes: [note] } })
 */
export class TrailKeys {
  /** The newest first. */
  readonly #trusted: TrustedKey[]
  readonly #newestPinned: VerifierKey
  /** Pinned keys that the trail must lead to. Whole: a thief can make a key that has another one's id of 4 bytes. */
  readonly #expected: Set<string>

  /**
   * @param pinned keys from a place that the broker cannot change, the newest first. Of several the last is trusted
   * from the start, and the trail must lead from it to the others, so that nobody can add a key of his own.
   */
  constructor(pinned: readonly [VerifierKey, ...VerifierKey[]]) {
    this.#trusted = pinned.slice(-1).map((key) => ({ key, until: Infinity }))
    this.#newestPinned = pinned[0]
    this.#expected = new Set(pinned.slice(0, -1).map(formatVerifierKey))
  }

  /** The key that signs at the end of what was followed. */
  get newest(): VerifierKey {
    return (this.#trusted[0] as TrustedKey).key
  }

  /**
   * Trusts the key that an event of the trail leads to, if the newest key signed the bridge.
   * @param event as `verifyTrail` takes it.
   * @returns whether it did.
   */
  follow(event: unknown): boolean {
    const bridge = bridgeOf(event)
    return bridge !== undefined && this.#cross(bridge, this.#trusted[0] as TrustedKey)
  }

  /**
   * What a checkpoint claims, before the trail was read. {@link TrailKeys.open} says afterwards whether it may be
   * trusted.
   * @throws {@link AuditError} when it has not the form of a checkpoint, or does not open with the key that signed it.
   */
  claimed(note: string): Checkpoint {
    const signer = this.#trusted.find(({ key }) => signsNote(note, key))
    return signer === undefined ? parseCheckpoint(noteText(note)) : openCheckpoint(note, signer.key)
  }

  /**
   * Opens a checkpoint that one of the keys signed while it was the key of the trail.
   * @throws {@link CheckpointError} `checkpoint_key_rotated` when the key that signed it was followed by another before,
   * or the trail does not lead to a pinned key.
   * @throws {@link AuditError} otherwise as `openCheckpoint` does.
   */
  open(note: string): Checkpoint {
    return this.#open(note, this.#trusted)
  }

  /**
   * Opens the newest checkpoint of a trail. A key that the newest pinned one followed cannot have signed it: a thief of
   * that key could go back to before the rotation, and write another history around it.
   * @throws as {@link TrailKeys.open}.
   */
  openNewest(note: string): Checkpoint {
    const pinned = formatVerifierKey(this.#newestPinned)
    const at = this.#trusted.findIndex(({ key }) => formatVerifierKey(key) === pinned)
    return this.#open(note, this.#trusted.slice(0, at + 1))
  }

  #open(note: string, allowed: readonly TrustedKey[]): Checkpoint {
    if (this.#expected.size > 0)
      throw new CheckpointError(
        "checkpoint_key_rotated",
        "the trail shows no rotation that leads to the newest pinned key: a copy from before the rotation verifies with the key of then",
      )
    const { size } = parseCheckpoint(noteText(note))
    const signers = this.#trusted.filter(({ key }) => signsNote(note, key))
    const signer = signers.find((one) => size <= one.until && allowed.includes(one))
    if (signers.length === 0 || signer !== undefined) return openCheckpoint(note, signer?.key ?? this.newest)
    throw new CheckpointError(
      "checkpoint_key_rotated",
      `the checkpoint of ${size} events is signed by a key that another one had followed by then`,
    )
  }

  #cross(bridge: string, former: TrustedKey): boolean {
    try {
      const { size } = openCheckpoint(bridge, former.key)
      const line = openNote(bridge, former.key)
        .split("\n")
        .find((text) => text.startsWith(NEXT_KEY))
      const next = parseVerifierKey(line?.slice(NEXT_KEY.length) ?? "")
      // Signed by the next key too, and for the same trail.
      openCheckpoint(bridge, next)
      const text = formatVerifierKey(next)
      if (next.name !== former.key.name || text === formatVerifierKey(former.key)) return false
      former.until = size
      this.#trusted.unshift({ key: next, until: Infinity })
      this.#expected.delete(text)
      return true
    } catch (error) {
      // It leads nowhere: a checkpoint of that key will not open.
      if (!(error instanceof AuditError)) throw error
      return false
    }
  }
}

/** The bridge that an event carries; `undefined` for any other event. */
function bridgeOf(event: unknown): string | undefined {
  if (typeof event === "string") return event.includes(ROTATED) ? bridgeOf(JSON.parse(event)) : undefined
  if (typeof event !== "object" || event === null) return undefined
  const { event_type, data } = event as { event_type?: unknown; data?: { audit_keys?: unknown } | null }
  if (event_type !== ROTATED || !Array.isArray(data?.audit_keys)) return undefined
  const bridge: unknown = data.audit_keys[0]?.bridge
  return typeof bridge === "string" ? bridge : undefined
}
