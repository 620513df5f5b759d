import { randomBytes } from "node:crypto"
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from "node:fs"

/** Enough for thousands of revocations with their events, and for a checkpoint of the WAL. */
const SIZE_BYTES = 4 * 1024 * 1024

/**
 * Disk space that is reserved for revocations: a file (`…-ballast`, 0600) that is deleted when a revocation must be
 * committed on a full disk, and written again once there is space. Without the file only revocations are committed
 * (CONTRACT 4).
 */
export class Ballast {
  readonly #path: string
  #isWhole = false

  constructor(databasePath: string) {
    this.#path = `${databasePath}-ballast`
  }

  /** Whether the space is reserved. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Gives the space up. */
  free(): void {
    this.#isWhole = false
    rmSync(this.#path, { force: true })
  }

  /** Reserves the space if the disk has it, and returns whether it is reserved. */
  restore(): boolean {
    this.#isWhole = statSync(this.#path, { throwIfNoEntry: false })?.size === SIZE_BYTES
    if (this.#isWhole) return true
    let file: number | undefined
    try {
      file = openSync(this.#path, "w", 0o600)
      // Random, because a file system that compresses would reserve nothing for zeros.
      const bytes = randomBytes(SIZE_BYTES)
      for (let at = 0; at < SIZE_BYTES; ) at += writeSync(file, bytes, at)
      fsyncSync(file)
      this.#isWhole = true
    } catch {
      this.free()
    } finally {
      if (file !== undefined) closeSync(file)
    }
    return this.#isWhole
  }
}
