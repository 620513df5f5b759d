const INITIAL_SLOTS = 1024
const MAX_FILL = 0.75
const WORDS = 4
const BYTES = 16
const BITS = 32

// In the table of expiries 0 is an empty slot and the largest value is an entry that stays for ever.
const EMPTY = 0
const NEVER = 0xffff_ffff

/**
 * Digests of revoked targets with their expiry, made for a million of them: 20 bytes and a bit a slot in typed arrays, under 50 MB in
 * all, and nothing for the garbage collector to walk. It keeps the first 16 bytes of a digest, which no one can collide on purpose
 * (2^128 tries for a given target).
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
  /**
   * A bit for each slot that is taken. A search mostly ends at one that is not, and these bits stay in the processor's cache, where the
   * tables of a million entries do not.
   */
  #taken: Uint32Array
  #cursor = 0
  /** The words of the digest that is being looked at: kept, because a token's check looks at several. */
  readonly #scratch = new Uint32Array(WORDS)
  readonly #scratchBytes = new Uint8Array(this.#scratch.buffer)
  // Targets can be chosen by those who name tasks; odd random factors keep them from aiming at one slot.
  readonly #factors: Uint32Array = Uint32Array.from({ length: WORDS }, () => Math.floor(Math.random() * 2 ** 32) | 1)

  /** @param expected how many digests are about to be added: with room for them from the start, adding does not stop to grow. */
  constructor(expected = 0) {
    this.#slots = Math.max(INITIAL_SLOTS, 2 ** Math.ceil(Math.log2(expected / MAX_FILL)))
    this.#words = new Uint32Array(this.#slots * WORDS)
    this.#expiries = new Uint32Array(this.#slots)
    this.#taken = new Uint32Array(this.#slots / BITS)
  }

  /** How many digests it holds. */
  get size(): number {
    return this.#size
  }

  /**
   * Lists a digest. One that is listed already keeps the later of both expiries.
   * @param digest 32 bytes, see {@link revocationDigest}.
   * @param expiresAt Unix seconds from which on the entry may be forgotten; `null` is never.
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

  /** Whether a digest is listed, expired or not: what matters no more goes with {@link forgetExpired}. */
  has(digest: Uint8Array): boolean {
    return this.#isTaken(this.#find(this.#wordsOf(digest)))
  }

  /**
   * Forgets entries whose expiry has come. Each call looks at a bounded stretch of the table and the next one goes on from there, so
   * that no call stops its thread for long.
   * @param now Unix seconds.
   * @param maxSlots how much of the table to look at; a table of a million entries has two million slots.
   * @returns how many were forgotten.
   */
  forgetExpired(now: number, maxSlots = 65_536): number {
    if (!Number.isFinite(now)) throw new TypeError("now is a number of Unix seconds")
    let forgotten = 0
    for (let step = Math.min(maxSlots, this.#slots); step > 0; step--) {
      // Removal moves a later entry into the slot, which is then looked at in turn.
      while (isExpired(this.#expiries[this.#cursor] ?? EMPTY, now)) {
        this.#remove(this.#cursor)
        forgotten++
      }
      this.#cursor = (this.#cursor + 1) % this.#slots
    }
    this.#size -= forgotten
    return forgotten
  }

  #wordsOf(digest: Uint8Array): Uint32Array {
    if (digest.length !== 32) throw new TypeError("a revocation digest has 32 bytes")
    // In the machine's own byte order: the words leave neither this object nor this process.
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
    // The high bits of a product depend on all bits below them, the low ones do not.
    return Math.floor(((sum >>> 0) / 2 ** 32) * this.#slots)
  }

  // The slot of these words, or the empty one where they belong.
  #find(words: Uint32Array): number {
    let slot = this.#home(words, 0)
    while (this.#isTaken(slot) && !this.#holds(slot, words)) slot = (slot + 1) % this.#slots
    return slot
  }

  #isTaken(slot: number): boolean {
    return (((this.#taken[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1
  }

  #mark(slot: number, taken: boolean): void {
    const others = (this.#taken[slot >>> 5] ?? 0) & ~(1 << (slot & 31))
    this.#taken[slot >>> 5] = others | (Number(taken) << (slot & 31))
  }

  #holds(slot: number, words: Uint32Array): boolean {
    for (let i = 0; i < WORDS; i++) if (this.#words[slot * WORDS + i] !== words[i]) return false
    return true
  }

  #put(slot: number, words: Uint32Array, expiry: number): void {
    this.#words.set(words, slot * WORDS)
    this.#expiries[slot] = expiry
    this.#mark(slot, true)
  }

  // Closes the gap, so that a search still may stop at the first empty slot and no marks of the removed pile up.
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
    this.#mark(gap, false)
  }

  #grow(): void {
    const words = this.#words
    const expiries = this.#expiries
    this.#slots *= 2
    this.#words = new Uint32Array(this.#slots * WORDS)
    this.#expiries = new Uint32Array(this.#slots)
    this.#taken = new Uint32Array(this.#slots / BITS)
    expiries.forEach((expiry, slot) => {
      if (expiry === EMPTY) return
      const entry = words.subarray(slot * WORDS, slot * WORDS + WORDS)
      this.#put(this.#find(entry), entry, expiry)
    })
  }
}

// Rounded so that an entry is never forgotten early: up to whole seconds, and beyond the year 2106 to never.
function toExpiry(expiresAt: number | null): number {
  if (expiresAt === null) return NEVER
  if (Number.isNaN(expiresAt)) throw new TypeError("an expiry is a number of Unix seconds, or null for never")
  return Math.min(Math.max(Math.ceil(expiresAt), 1), NEVER)
}

function isExpired(expiry: number, now: number): boolean {
  return expiry !== EMPTY && expiry !== NEVER && expiry <= now
}
