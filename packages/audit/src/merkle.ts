import { sha256 } from "@agentwrit/core"

/** The length of every hash in the tree, in bytes. */
export const HASH_LENGTH = 32

/** Whether a value has the form of a hash of the tree. */
export const isHashBytes = (value: unknown): value is Uint8Array =>
  value instanceof Uint8Array && value.length === HASH_LENGTH

/** @throws `TypeError` when a value does not have the form of a hash of the tree. */
export function assertHashBytes(value: unknown): asserts value is Uint8Array {
  if (!isHashBytes(value)) throw new TypeError("a hash of the tree must be a Uint8Array of 32 bytes")
}

/** Whether two hashes are equal. They are public, so constant time is not needed. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** Hash of a leaf: SHA-256 of 0x00 and its bytes (RFC 6962 section 2.1). */
export function leafHash(entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + entry.length)
  input.set(entry, 1)
  return sha256(input)
}

/** Hash of an inner node: SHA-256 of 0x01 and its children's hashes (RFC 6962 section 2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + 2 * HASH_LENGTH)
  input[0] = 1
  input.set(left, 1)
  input.set(right, 1 + HASH_LENGTH)
  return sha256(input)
}

/** Root of the tree without leaves: SHA-256 of nothing (RFC 6962 section 2.1). */
export const emptyRoot = (): Uint8Array => sha256(new Uint8Array())

/** The largest power of two below `size`, where a tree of that size (2 and up) is split. */
export function splitPoint(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/**
 * Root of the tree over a list of leaf hashes, by the definition of RFC 6962 section 2.1. It takes one hash per leaf;
 * use {@link RightEdge} for a growing tree.
 * @throws `TypeError` when a member is not 32 bytes.
 */
export function rootOf(leafHashes: readonly Uint8Array[]): Uint8Array {
  return leafHashes.length === 0 ? emptyRoot() : subtreeRoot(leafHashes, 0, leafHashes.length)
}

/** Root over the leaves from `start` to before `end`, at least one. */
export function subtreeRoot(leafHashes: readonly Uint8Array[], start: number, end: number): Uint8Array {
  if (end - start === 1) {
    const leaf = leafHashes[start]
    assertHashBytes(leaf)
    return leaf
  }
  const split = start + splitPoint(end - start)
  return nodeHash(subtreeRoot(leafHashes, start, split), subtreeRoot(leafHashes, split, end))
}
