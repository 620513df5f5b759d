import { isHashBytes, nodeHash, sameHash, splitPoint, subtreeRoot } from "./merkle.ts"

/** The claim that a leaf is in a tree. */
export interface InclusionClaim {
  /** RFC 6962 leaf hash, 32 bytes. */
  readonly leafHash: Uint8Array
  /** The leaf's position, from 0. An event's sequence number is one more. */
  readonly index: number
  /** The number of leaves in the tree. */
  readonly size: number
  /** The tree's root, 32 bytes. */
  readonly root: Uint8Array
  /** Hashes from the leaf up. */
  readonly proof: readonly Uint8Array[]
}

/** The claim that a tree is an earlier state of another: the later one begins with the same leaves. */
export interface ConsistencyClaim {
  /** The number of leaves in the earlier tree, from 1: every tree begins with an empty one, which proves nothing. */
  readonly fromSize: number
  /** The earlier tree's root, 32 bytes. */
  readonly fromRoot: Uint8Array
  /** The number of leaves in the later tree. */
  readonly toSize: number
  /** The later tree's root, 32 bytes. */
  readonly toRoot: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/**
 * The hashes from a leaf up to the root (RFC 6962 section 2.1.1).
 * @param leafHashes all leaves of the tree.
 * @param index the leaf's position, from 0.
 * @throws `TypeError` when there is no such leaf.
 */
export function inclusionProof(leafHashes: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= leafHashes.length)
    throw new TypeError(`there is no leaf ${index} in a tree of ${leafHashes.length}`)
  const proof: Uint8Array[] = []
  let [start, end] = [0, leafHashes.length]
  while (end - start > 1) {
    const split = start + splitPoint(end - start)
    if (index < split) {
      proof.push(subtreeRoot(leafHashes, split, end))
      end = split
    } else {
      proof.push(subtreeRoot(leafHashes, start, split))
      start = split
    }
  }
  return proof.reverse()
}

/**
 * The hashes which prove that the tree of the first `fromSize` leaves is an earlier state of the whole tree (RFC 6962
 * section 2.1.2).
 * @param leafHashes all leaves of the later tree.
 * @param fromSize the number of leaves of the earlier tree, from 1.
 * @throws `TypeError` when `fromSize` is not from 1 to the number of leaves.
 */
export function consistencyProof(leafHashes: readonly Uint8Array[], fromSize: number): Uint8Array[] {
  if (!Number.isSafeInteger(fromSize) || fromSize < 1 || fromSize > leafHashes.length)
    throw new TypeError(`a tree of ${leafHashes.length} leaves has no earlier state of ${fromSize}`)
  const proof: Uint8Array[] = []
  let [start, end] = [0, leafHashes.length]
  while (fromSize < end) {
    const split = start + splitPoint(end - start)
    if (fromSize <= split) {
      proof.push(subtreeRoot(leafHashes, split, end))
      end = split
    } else {
      proof.push(subtreeRoot(leafHashes, start, split))
      start = split
    }
  }
  // A subtree that begins at the first leaf is the earlier tree itself; the verifier has its root.
  if (start > 0) proof.push(subtreeRoot(leafHashes, start, end))
  return proof.reverse()
}

/**
 * Whether a claim of inclusion is true (RFC 9162 section 2.1.3.2). Returns `false` for a malformed claim and never
 * throws.
 */
export function verifyInclusion({ leafHash, index, size, root, proof }: InclusionClaim): boolean {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) return false
  if (![leafHash, root, ...proof].every(isHashBytes)) return false
  let [place, last] = [index, size - 1]
  let hash = leafHash
  for (const sibling of proof) {
    if (last === 0) return false
    if (place % 2 === 1 || place === last) {
      hash = nodeHash(sibling, hash)
      while (place % 2 === 0 && place !== 0) [place, last] = [half(place), half(last)]
    } else hash = nodeHash(hash, sibling)
    ;[place, last] = [half(place), half(last)]
  }
  return last === 0 && sameHash(hash, root)
}

/**
 * Whether a claim of consistency is true (RFC 9162 section 2.1.4.2). Returns `false` for a malformed claim and never
 * throws.
 */
export function verifyConsistency({ fromSize, fromRoot, toSize, toRoot, proof }: ConsistencyClaim): boolean {
  if (!Number.isSafeInteger(fromSize) || !Number.isSafeInteger(toSize) || fromSize < 1 || fromSize > toSize)
    return false
  if (![fromRoot, toRoot, ...proof].every(isHashBytes)) return false
  if (fromSize === toSize) return proof.length === 0 && sameHash(fromRoot, toRoot)
  let [place, last] = [fromSize - 1, toSize - 1]
  while (place % 2 === 1) [place, last] = [half(place), half(last)]
  // The rest is 0 when the earlier tree is one full subtree: then the path starts at its root.
  const [first, ...rest] = place === 0 ? [fromRoot, ...proof] : proof
  if (first === undefined) return false
  let [earlier, later] = [first, first]
  for (const sibling of rest) {
    if (last === 0) return false
    if (place % 2 === 1 || place === last) {
      earlier = nodeHash(sibling, earlier)
      later = nodeHash(sibling, later)
      while (place % 2 === 0 && place !== 0) [place, last] = [half(place), half(last)]
    } else later = nodeHash(later, sibling)
    ;[place, last] = [half(place), half(last)]
  }
  return last === 0 && sameHash(earlier, fromRoot) && sameHash(later, toRoot)
}

const half = (n: number): number => Math.floor(n / 2)
