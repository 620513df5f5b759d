import { PROOF_WINDOW_S, type VerifiedProof } from "./dpop-proof.ts"
import { encodeBase64Url } from "./encoding.ts"
import { ProofError } from "./errors.ts"
import { sha256OfText } from "./sha256.ts"

/** Some 40 MB: more than a core can verify proofs in 50 s. */
const MAX_PROOFS = 500_000

/** Twice the time in which a proof is accepted, because a clock may be set back. */
const RETENTION_S = 2 * PROOF_WINDOW_S

/**
 * The proofs that were used, so that each is accepted once (RFC 9449 section 11.1). It holds a bounded number of them.
 * When it is full it forgets the oldest second, and from then on refuses every proof that was made up to that second.
 */
export class ProofMemory {
  readonly #limit: number
  /** The digests of used proofs by the second in which they were made. */
  readonly #used = new Map<number, Set<string>>()
  #count = 0
  /** Proofs made before this second are refused: whether they were used is forgotten. */
  #earliest = 0
  #prunedAt = 0

  constructor(limit: number = MAX_PROOFS) {
    this.#limit = limit
  }

  /** The number of proofs that it holds. */
  get size(): number {
    return this.#count
  }

  /**
   * Uses a proof.
   * @param now Unix seconds.
   * @throws {@link ProofError} `proof_replayed` for one that was used, or may have been.
   */
  use({ jti, iat, header }: VerifiedProof, now: number): void {
    this.#prune(Math.floor(now))
    const second = Math.floor(iat)
    if (second < this.#earliest)
      throw new ProofError("proof_replayed", "proof is older than the ones that are remembered")
    const used = this.#used.get(second) ?? new Set()
    this.#used.set(second, used)
    // A digest, because the client chooses the length of the jti.
    const digest = encodeBase64Url(sha256OfText(`${header.key.keyId}.${jti}`).subarray(0, 16))
    if (used.has(digest)) throw new ProofError("proof_replayed", "proof was used before")
    used.add(digest)
    this.#count++
    if (this.#count > this.#limit) this.#earliest = this.#forget(Math.min(...this.#used.keys())) + 1
  }

  #prune(now: number): void {
    if (now === this.#prunedAt) return
    this.#prunedAt = now
    for (const second of this.#used.keys()) if (second < now - RETENTION_S) this.#forget(second)
  }

  #forget(second: number): number {
    this.#count -= this.#used.get(second)?.size ?? 0
    this.#used.delete(second)
    return second
  }
}
