import { randomBytes } from "node:crypto"
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from "node:fs"

/** Bytes kept back: room for thousands of revocations and their events, and for the WAL to be checkpointed. */
const SIZE = 4 * 1024 * 1024

/**
 * Room on the disk that is kept back for revocations: a file (`…-ballast`, 0600) that is deleted when the disk is full and one has
 * to be committed, and made again once there is room. While it is away nothing else is committed (CONTRACT: issuance stops
 * first, revocation last).
 */
export class Ballast {
  readonly #path: string
  #isWhole = false

  constructor(databasePath: string) {
    this.#path = `${databasePath}-ballast`
  }

  /** Whether the room is kept back now. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Gives the room up. */
  free(): void {
    this.#isWhole = false
    rmSync(this.#path, { force: true })
  }

  /** Keeps the room back, if there is any; answers whether there was. */
  restore(): boolean {
    this.#isWhole = statSync(this.#path, { throwIfNoEntry: false })?.size === SIZE
    if (this.#isWhole) return true
    let file: number | undefined
    try {
      file = openSync(this.#path, "w", 0o600)
      // Random, because a file system that compresses would keep no room back for zeros.
      const bytes = randomBytes(SIZE)
      for (let at = 0; at < SIZE; ) at += writeSync(file, bytes, at)
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
