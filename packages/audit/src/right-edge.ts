import { EdgeError } from "./errors.ts"
import { assertHashBytes, emptyRoot, HASH_LENGTH, nodeHash } from "./merkle.ts"

/** The length of the size before the hashes, in bytes. */
const SIZE_LENGTH = 8

/**
 * The right edge of a growing RFC 6962 tree: the roots of its full subtrees, one for each 1 in the binary form of its
 * size. Appending needs nothing else, and there are at most 53 of them.
 */
export class RightEdge {
  /** Roots of the full subtrees, from the largest (left) to the smallest (right). */
  readonly #peaks: Uint8Array[]
  #size: number

  /** The edge of an empty tree. For others use {@link RightEdge.fromBytes} and {@link RightEdge.copy}. */
  constructor() {
    this.#peaks = []
    this.#size = 0
  }

  /** The number of leaves in the tree. */
  get size(): number {
    return this.#size
  }

  /**
   * Appends a leaf. It takes one hash on average, at most one for each level.
   * @param leafHash 32 bytes. The edge keeps the array, so do not change it afterwards.
   * @throws `TypeError` when it is not 32 bytes.
   */
  append(leafHash: Uint8Array): void {
    assertHashBytes(leafHash)
    if (this.#size === Number.MAX_SAFE_INTEGER) throw new TypeError("a tree can have at most 2^53 - 1 leaves")
    // Each trailing 1 of the size is a full subtree that the new leaf completes to one of twice its size.
    let completed = 0
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) completed++
    const left = this.#peaks.splice(this.#peaks.length - completed)
    this.#peaks.push(left.reduceRight((right, peak) => nodeHash(peak, right), leafHash))
    this.#size += 1
  }

  /** Root of the tree (RFC 6962 section 2.1), a new array of 32 bytes. */
  root(): Uint8Array {
    const root = this.#peaks.reduceRight<Uint8Array | undefined>(
      (right, left) => (right === undefined ? left : nodeHash(left, right)),
      undefined,
    )
    return root === undefined ? emptyRoot() : Uint8Array.from(root)
  }

  /** An independent copy. */
  copy(): RightEdge {
    const copy = new RightEdge()
    copy.#peaks.push(...this.#peaks)
    copy.#size = this.#size
    return copy
  }

  /**
   * The edge as bytes to store: the size in 8 bytes, big-endian, then the hashes, that of the largest subtree first.
   */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(SIZE_LENGTH + HASH_LENGTH * this.#peaks.length)
    new DataView(bytes.buffer).setBigUint64(0, BigInt(this.#size))
    this.#peaks.forEach((peak, i) => {
      bytes.set(peak, SIZE_LENGTH + HASH_LENGTH * i)
    })
    return bytes
  }

  /**
   * Parses the bytes of {@link RightEdge.toBytes}.
   * @throws {@link EdgeError} `malformed_edge` for anything else.
   */
  static fromBytes(bytes: Uint8Array): RightEdge {
    if (bytes.length < SIZE_LENGTH) throw malformed("they are fewer than 8 bytes")
    const size = Number(new DataView(bytes.buffer, bytes.byteOffset, SIZE_LENGTH).getBigUint64(0))
    if (!Number.isSafeInteger(size)) throw malformed("the size is beyond 2^53 - 1")
    const edge = new RightEdge()
    edge.#size = size
    for (let rest = size, at = SIZE_LENGTH; rest > 0; rest = Math.floor(rest / 2)) {
      if (rest % 2 === 0) continue
      edge.#peaks.push(Uint8Array.from(bytes.subarray(at, at + HASH_LENGTH)))
      at += HASH_LENGTH
    }
    if (bytes.length !== SIZE_LENGTH + HASH_LENGTH * edge.#peaks.length)
      throw malformed(
        `a tree of ${size} leaves has ${edge.#peaks.length} hashes of 32 bytes, and here are ${bytes.length - SIZE_LENGTH} bytes`,
      )
    return edge
  }
}

function malformed(why: string): EdgeError {
  return new EdgeError("malformed_edge", `these bytes are not a right edge of a tree: ${why}`)
}
