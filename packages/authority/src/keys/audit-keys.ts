import { type Checkpoint, signCheckpoint } from "@agentwrit/audit"
import type { SigningKey } from "@agentwrit/core"

/** The keys that sign checkpoints: one, and two while one follows the other. */
export class AuditKeys {
  #current: SigningKey
  #next: SigningKey | undefined

  constructor(key: SigningKey) {
    this.#current = key
  }

  /** The key that signs, or is about to be followed. */
  get current(): SigningKey {
    return this.#current
  }

  /** The key that is about to follow, and signs too. */
  get next(): SigningKey | undefined {
    return this.#next
  }

  /** Signs with the next key too, until {@link AuditKeys.finish}. */
  begin(next: SigningKey): void {
    this.#next = next
  }

  /** The next key signs alone. */
  finish(): void {
    if (this.#next !== undefined) this.#current = this.#next
    this.#next = undefined
  }

  sign(checkpoint: Checkpoint): string {
    return signCheckpoint(checkpoint, this.#current, ...(this.#next === undefined ? [] : [this.#next]))
  }
}
