import { encodeBase64Url } from "./encoding.ts"
import {
  hasCutoff,
  inheritedDigest,
  type RevocationLevel,
  type RevocationProbe,
  type RevocationTarget,
  revocationDigest,
} from "./revocation.ts"

const INITIAL_SLOTS = 1024
const MAX_FILL = 0.75
const WORDS = 4
const BYTES = 16

// In the table of expiries, 0 marks an empty slot and the largest value an entry that never expires.
const EMPTY = 0
const NEVER = 0xffff_ffff

/** What a set needs of an entry of the revocation log or the feed. */
export interface RevocationSetEntry {
  readonly level: RevocationLevel
  readonly digest: Uint8Array
  /** Levels `app` and `all`: Unix seconds. */
  readonly before?: number | undefined
  /** Level `token`: what was delegated from the token lives on. */
  readonly alone?: boolean | undefined
}

/**
 * Digests of revoked targets with their expiry. A million entries take under 50 MB: it is an open-addressing hash table
 * in typed arrays with 20 bytes a slot. Only the first 16 bytes of a digest are kept; to collide with a given one takes
 * 2^128 tries.
 *
 * @example
 * const revoked = new RevocationSet()
 * revoked.add(revocationDigest("task", "report-7"), null)
 * revoked.has(revocationDigest("task", "report-7")) // true
 */
export class RevocationSet {
  #slots: number
  #size = 0
  #words: Uint32Array
  #expiries: Uint32Array
  #cursor = 0
  /** The latest cutoff of each digest that has one, by its base64url text. They are few and stay. */
  readonly #cutoffs = new Map<string, number>()
  /** The words of the digest at hand, reused for each call. */
  readonly #scratch = new Uint32Array(WORDS)
  readonly #scratchBytes = new Uint8Array(this.#scratch.buffer)
  // Callers choose task ids, and so digests. Odd random factors keep them from aiming at one slot.
  readonly #factors: Uint32Array = Uint32Array.from({ length: WORDS }, () => Math.floor(Math.random() * 2 ** 32) | 1)

  /**
   * @param expected how many digests will be added. With room for them from the start, the table does not have to grow.
   */
  constructor(expected = 0) {
    this.#slots = Math.max(INITIAL_SLOTS, 2 ** Math.ceil(Math.log2(expected / MAX_FILL)))
    this.#words = new Uint32Array(this.#slots * WORDS)
    this.#expiries = new Uint32Array(this.#slots)
  }

  /** The number of digests. */
  get size(): number {
    return this.#size + this.#cutoffs.size
  }

  /** Whether any entry has a cutoff. */
  get hasCutoffs(): boolean {
    return this.#cutoffs.size > 0
  }

  /**
   * Adds a digest. A digest that is there already keeps the later expiry.
   * @param digest 32 bytes, see {@link revocationDigest}.
   * @param expiresAt Unix seconds from which the entry may be pruned; `null` is never.
   */
  add(digest: Uint8Array, expiresAt: number | null): void {
    const expiry = toExpiry(expiresAt)
    const words = this.#wordsOf(digest)
    const found = this.#find(words)
    const present = this.#expiries[found] ?? EMPTY
    if (present !== EMPTY) {
      this.#expiries[found] = Math.max(present, expiry)
      return
    }
    this.#put(found, words, expiry)
    this.#size++
    if (this.#size > this.#slots * MAX_FILL) this.#grow()
  }

  /**
   * Adds an entry of the revocation log or the feed.
   * - With a cutoff it covers what was issued up to then, and stays; the latest cutoff of a digest counts.
   * - An entry of level `token` also ends what was delegated from the token, unless it ends the token alone.
   */
  apply({ level, digest, before, alone = false }: RevocationSetEntry, expiresAt: number | null): void {
    if (before !== undefined) this.#addCutoff(digest, before)
    else this.add(digest, expiresAt)
    if (level === "token" && !alone) this.add(inheritedDigest(digest), expiresAt)
  }

  /** Whether this target is revoked for what was issued then, in Unix seconds. */
  isRevoked({ level, target, isInherited }: RevocationTarget, issuedAt: number): boolean {
    // Issuing a token asks for its cutoffs, of which there are usually none.
    if (hasCutoff(level) && this.#cutoffs.size === 0) return false
    const digest = revocationDigest(level, target)
    if (hasCutoff(level)) return this.#isCutOff(encodeBase64Url(digest), issuedAt)
    return this.has(isInherited ? inheritedDigest(digest) : digest)
  }

  /** Whether the token of this probe is revoked. */
  revokes({ digests, cutoffDigests, issuedAt }: RevocationProbe): boolean {
    if (digests.some((digest) => this.has(digest))) return true
    return this.#cutoffs.size > 0 && cutoffDigests.some((digest) => this.#isCutOff(digest, issuedAt))
  }

  /** Whether a digest is in the set. Expired entries stay until {@link pruneExpired} removes them. */
  has(digest: Uint8Array): boolean {
    return this.#isTaken(this.#find(this.#wordsOf(digest)))
  }

  /**
   * Removes expired entries. Each call scans a limited part of the table, and the next call continues there, so that no
   * call blocks for long.
   * @param now Unix seconds.
   * @param maxSlots how many slots to scan; a table of a million entries has two million.
   * @returns how many entries were removed.
   */
  pruneExpired(now: number, maxSlots = 65_536): number {
    if (!Number.isFinite(now)) throw new TypeError("now must be a number of Unix seconds")
    let pruned = 0
    for (let step = Math.min(maxSlots, this.#slots); step > 0; step--) {
      // Removal may move a later entry into the slot, which is then checked too.
      while (isExpired(this.#expiries[this.#cursor] ?? EMPTY, now)) {
        this.#remove(this.#cursor)
        pruned++
      }
      this.#cursor = (this.#cursor + 1) % this.#slots
    }
    this.#size -= pruned
    return pruned
  }

  #addCutoff(digest: Uint8Array, before: number): void {
    if (!Number.isFinite(before)) throw new TypeError("a cutoff must be a number of Unix seconds")
    const key = encodeBase64Url(digest)
    this.#cutoffs.set(key, Math.max(before, this.#cutoffs.get(key) ?? before))
  }

  #isCutOff(digest: string, issuedAt: number): boolean {
    return issuedAt <= (this.#cutoffs.get(digest) ?? Number.NEGATIVE_INFINITY)
  }

  #wordsOf(digest: Uint8Array): Uint32Array {
    if (digest.length !== 32) throw new TypeError("a revocation digest must have 32 bytes")
    // In the machine's byte order: the words never leave this object.
    this.#scratchBytes.set(digest.subarray(0, BYTES))
    return this.#scratch
  }

  #home(words: Uint32Array, offset: number): number {
    let sum = 0
    for (let i = 0; i < WORDS; i++) {
      const word = words[offset + i] ?? 0
      const factor = this.#factors[i] ?? 0
      sum += Math.imul(word, factor)
    }
    // The high bits of a product depend on all lower bits; the low bits do not.
    return Math.floor(((sum >>> 0) / 2 ** 32) * this.#slots)
  }

  // The slot of these words, or the empty slot where they belong.
  #find(words: Uint32Array): number {
    let slot = this.#home(words, 0)
    while (this.#isTaken(slot) && !this.#holds(slot, words)) slot = (slot + 1) % this.#slots
    return slot
  }

  #isTaken(slot: number): boolean {
    return this.#expiries[slot] !== EMPTY
  }

  #holds(slot: number, words: Uint32Array): boolean {
    for (let i = 0; i < WORDS; i++) if (this.#words[slot * WORDS + i] !== words[i]) return false
    return true
  }

  #put(slot: number, words: Uint32Array, expiry: number): void {
    this.#words.set(words, slot * WORDS)
    this.#expiries[slot] = expiry
  }

  // Closes the gap with later entries, so that a search may still stop at the first empty slot.
  #remove(slot: number): void {
    let gap = slot
    let next = (gap + 1) % this.#slots
    while (this.#isTaken(next)) {
      const home = this.#home(this.#words, next * WORDS)
      const isReachable = (next - home + this.#slots) % this.#slots < (next - gap + this.#slots) % this.#slots
      if (!isReachable) {
        this.#words.copyWithin(gap * WORDS, next * WORDS, next * WORDS + WORDS)
        this.#expiries[gap] = this.#expiries[next] ?? EMPTY
        gap = next
      }
      next = (next + 1) % this.#slots
    }
    this.#expiries[gap] = EMPTY
  }

  #grow(): void {
    const words = this.#words
    const expiries = this.#expiries
    this.#slots *= 2
    this.#words = new Uint32Array(this.#slots * WORDS)
    this.#expiries = new Uint32Array(this.#slots)
    expiries.forEach((expiry, slot) => {
      if (expiry === EMPTY) return
      const entry = words.subarray(slot * WORDS, slot * WORDS + WORDS)
      this.#put(this.#find(entry), entry, expiry)
    })
  }
}

// Rounded so that an entry is never pruned early: up to whole seconds, and beyond the year 2106 to never.
function toExpiry(expiresAt: number | null): number {
  if (expiresAt === null) return NEVER
  if (Number.isNaN(expiresAt)) throw new TypeError("an expiry must be a number of Unix seconds, or null for never")
  return Math.min(Math.max(Math.ceil(expiresAt), 1), NEVER)
}

function isExpired(expiry: number, now: number): boolean {
  return expiry !== EMPTY && expiry !== NEVER && expiry <= now
}
