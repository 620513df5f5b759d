import { existsSync, readFileSync } from "node:fs"
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  nodeHash,
  RightEdge,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "@agentwrit/audit"
import { encodeHex } from "@agentwrit/core"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { consistencyProver, sha256, treeRoot } from "./independent.ts"

const bytes = (base64: string | null): Uint8Array => Uint8Array.from(Buffer.from(base64 ?? "", "base64"))
const leaves = Array.from({ length: 300 }, (_, i) => leafHash(Uint8Array.of(i >> 8, i & 255)))
const roots = leaves.map((_, i) => rootOf(leaves.slice(0, i + 1)))
const rootAt = (size: number): Uint8Array => roots[size - 1] ?? new Uint8Array()
const flipped = (hash: Uint8Array, bit: number): Uint8Array =>
  hash.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))

test("hashes are those of RFC 6962", () => {
  expect(encodeHex(rootOf([]))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  expect(encodeHex(leafHash(new Uint8Array()))).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
  const [left, right] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  expect(encodeHex(nodeHash(left, right))).toBe(sha256(Buffer.of(1), left, right).toString("hex"))
  expect(encodeHex(rootOf(leaves))).toBe(treeRoot(leaves).toString("hex"))
})

describe("right edge", () => {
  test("has the root of a full recomputation at every size", () => {
    const edge = new RightEdge()
    expect(edge.root()).toEqual(rootOf([]))
    for (const [i, leaf] of leaves.entries()) {
      edge.append(leaf)
      expect(edge.size).toBe(i + 1)
      expect(encodeHex(edge.root())).toBe(encodeHex(rootAt(i + 1)))
    }
  })

  test("goes on from its bytes, and from a copy, as if it had not stopped", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(99), (before, after) => {
        const edge = new RightEdge()
        for (const leaf of leaves.slice(0, before)) edge.append(leaf)
        const kept = edge.toBytes()
        const copy = edge.copy()
        const restored = RightEdge.fromBytes(kept)
        for (const leaf of leaves.slice(before, before + after)) {
          copy.append(leaf)
          restored.append(leaf)
        }
        const expected = rootOf(leaves.slice(0, before + after))
        expect(copy.root()).toEqual(expected)
        expect(restored.root()).toEqual(expected)
        expect(restored.size).toBe(before + after)
        // Neither touched the one that it came from.
        expect(edge.toBytes()).toEqual(kept)
      }),
    )
  })

  test("survives its own output and its bytes being overwritten", () => {
    const edge = new RightEdge()
    for (const leaf of leaves.slice(0, 4)) edge.append(leaf)
    const bytesOf = edge.toBytes()
    const restored = RightEdge.fromBytes(bytesOf)
    edge.root().fill(0)
    bytesOf.fill(0)
    expect(edge.root()).toEqual(rootAt(4))
    expect(restored.root()).toEqual(rootAt(4))
  })

  test("reads bytes that lie inside a larger buffer", () => {
    const edge = new RightEdge()
    for (const leaf of leaves.slice(0, 7)) edge.append(leaf)
    const buffer = new Uint8Array(300).fill(9)
    buffer.set(edge.toBytes(), 11)
    expect(RightEdge.fromBytes(buffer.subarray(11, 11 + 8 + 96)).root()).toEqual(rootAt(7))
  })

  test.each([
    ["nothing", new Uint8Array()],
    ["half a size", new Uint8Array(7)],
    ["hashes of an empty tree", new Uint8Array(40)],
    ["a missing hash", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 3, ...new Uint8Array(32))],
    ["a hash too many", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 2, ...new Uint8Array(64))],
    ["half a hash", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, ...new Uint8Array(16))],
    ["a size beyond 2^53", Uint8Array.of(0, 32, 0, 0, 0, 0, 0, 0, ...new Uint8Array(32))],
  ])("refuses %s as bytes", (_, malformed) => {
    expect(() => RightEdge.fromBytes(malformed)).toThrow(
      expect.objectContaining({ code: "malformed_edge", name: "EdgeError" }),
    )
  })

  test("refuses a leaf that is not 32 bytes", () => {
    const edge = new RightEdge()
    for (const length of [0, 31, 33]) expect(() => edge.append(new Uint8Array(length))).toThrow(TypeError)
    expect(edge.size).toBe(0)
    expect(() => rootOf([new Uint8Array(31)])).toThrow(TypeError)
  })

  test("counts beyond 2^32 leaves", () => {
    // 2^33 - 1 leaves have 33 full subtrees; the next leaf joins them all.
    const size = 2n ** 33n - 1n
    const start = new Uint8Array(8 + 32 * 33)
    new DataView(start.buffer).setBigUint64(0, size)
    const edge = RightEdge.fromBytes(start)
    edge.append(new Uint8Array(32))
    expect(edge.size).toBe(2 ** 33)
    expect(edge.toBytes().length).toBe(8 + 32)
  })
})

describe("proofs", () => {
  test("of inclusion hold for every leaf of trees of every size, and for no other leaf, place, size or root", () => {
    for (let size = 1; size <= 70; size++) {
      const tree = leaves.slice(0, size)
      for (const [index, leaf] of tree.entries()) {
        const claim = { leafHash: leaf, index, size, root: rootAt(size), proof: inclusionProof(tree, index) }
        expect(verifyInclusion(claim)).toBe(true)
        expect(verifyInclusion({ ...claim, index: (index + 1) % (size + 1) })).toBe(false)
        expect(verifyInclusion({ ...claim, leafHash: flipped(leaf, index) })).toBe(false)
        expect(verifyInclusion({ ...claim, root: flipped(claim.root, index) })).toBe(false)
        expect(verifyInclusion({ ...claim, proof: [...claim.proof, leaf] })).toBe(false)
        if (size > 1) expect(verifyInclusion({ ...claim, proof: claim.proof.slice(1) })).toBe(false)
      }
    }
  })

  const prove = consistencyProver(leaves)
  const hexOf = (proof: readonly Uint8Array[]): string => proof.map((hash) => encodeHex(hash)).join(" ")

  test("of consistency are those of the RFC's definition for all m < n up to 100", () => {
    const wrong: string[] = []
    for (let toSize = 1; toSize <= 100; toSize++) {
      for (let fromSize = 1; fromSize <= toSize; fromSize++) {
        const proof = consistencyProof(leaves.slice(0, toSize), fromSize)
        if (hexOf(proof) !== hexOf(prove(fromSize, toSize))) wrong.push(`${fromSize} of ${toSize}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test("of consistency hold for all m < n up to 300, and with a bit flipped or a hash missing for none", () => {
    const wrong: string[] = []
    for (let toSize = 2; toSize <= 300; toSize++) {
      for (let fromSize = 1; fromSize < toSize; fromSize++) {
        const proof: readonly Uint8Array[] = prove(fromSize, toSize)
        const claim = { fromSize, fromRoot: rootAt(fromSize), toSize, toRoot: rootAt(toSize), proof }
        if (!verifyConsistency(claim)) wrong.push(`${fromSize} of ${toSize} is refused`)
        const at = (fromSize + toSize) % (proof.length + 3)
        const broken = {
          ...claim,
          fromRoot: at === proof.length ? flipped(claim.fromRoot, toSize % 256) : claim.fromRoot,
          toRoot: at === proof.length + 1 ? flipped(claim.toRoot, toSize % 256) : claim.toRoot,
          proof:
            at === proof.length + 2
              ? proof.slice(1)
              : proof.map((hash, i) => (i === at ? flipped(hash, toSize % 256) : hash)),
        }
        if (verifyConsistency(broken)) wrong.push(`${fromSize} of ${toSize} holds though changed at ${at}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test("of any two sizes up to 300 agree with their roots", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }), (a, b) => {
        const [fromSize, toSize] = [Math.min(a, b), Math.max(a, b)]
        const proof = consistencyProof(leaves.slice(0, toSize), fromSize)
        const claim = { fromSize, toSize, fromRoot: rootAt(fromSize), toRoot: rootAt(toSize), proof }
        expect(verifyConsistency(claim)).toBe(true)
        if (fromSize < toSize)
          expect(verifyConsistency({ ...claim, toRoot: rootAt(fromSize), fromRoot: rootAt(toSize) })).toBe(false)
      }),
    )
  })

  test("are not made for leaves or sizes that the tree does not have", () => {
    for (const index of [-1, 5, 1.5, Number.NaN])
      expect(() => inclusionProof(leaves.slice(0, 5), index)).toThrow(TypeError)
    for (const size of [0, -1, 6, 1.5, Number.NaN])
      expect(() => consistencyProof(leaves.slice(0, 5), size)).toThrow(TypeError)
  })

  test("hold for nothing when they go on above the root, whatever root is claimed", () => {
    const [leaf, extra] = [leaves[0] ?? expect.fail(), leaves[9] ?? expect.fail()]
    expect(verifyInclusion({ leafHash: leaf, index: 0, size: 1, root: nodeHash(extra, leaf), proof: [extra] })).toBe(
      false,
    )
    const claim = { fromSize: 3, fromRoot: rootAt(3), toSize: 4, toRoot: rootAt(4), proof: prove(3, 4) }
    const above = (root: Uint8Array): Uint8Array => nodeHash(extra, root)
    expect(verifyConsistency(claim)).toBe(true)
    expect(
      verifyConsistency({
        ...claim,
        fromRoot: above(claim.fromRoot),
        toRoot: above(claim.toRoot),
        proof: [...claim.proof, Buffer.from(extra)],
      }),
    ).toBe(false)
  })

  test("of consistency hold neither for a tree that shrank nor for two trees of one size", () => {
    const root = rootAt(4)
    expect(verifyConsistency({ fromSize: 4, fromRoot: root, toSize: 2, toRoot: root, proof: [] })).toBe(false)
    expect(verifyConsistency({ fromSize: 4, fromRoot: root, toSize: 4, toRoot: rootAt(5), proof: [] })).toBe(false)
    expect(verifyConsistency({ fromSize: 4, fromRoot: root, toSize: 4, toRoot: root, proof: [] })).toBe(true)
    expect(verifyConsistency({ fromSize: 4, fromRoot: root, toSize: 4, toRoot: root, proof: [root] })).toBe(false)
  })

  test("verify to false, never to an error, when the claim is malformed", () => {
    const root = rootAt(2)
    const proof = inclusionProof(leaves.slice(0, 2), 0)
    const leaf = leaves[0] ?? root
    for (const wrong of [Number.NaN, -1, 0.5, 2 ** 60]) {
      expect(verifyInclusion({ leafHash: leaf, index: wrong, size: 2, root, proof })).toBe(false)
      expect(verifyInclusion({ leafHash: leaf, index: 0, size: wrong, root, proof })).toBe(false)
      expect(verifyConsistency({ fromSize: wrong, fromRoot: leaf, toSize: 2, toRoot: root, proof })).toBe(false)
      expect(verifyConsistency({ fromSize: 1, fromRoot: leaf, toSize: wrong, toRoot: root, proof })).toBe(false)
    }
    for (const odd of [new Uint8Array(), new Uint8Array(31), new Uint8Array(64)]) {
      expect(verifyInclusion({ leafHash: odd, index: 0, size: 2, root, proof })).toBe(false)
      expect(verifyInclusion({ leafHash: leaf, index: 0, size: 2, root, proof: [odd] })).toBe(false)
      expect(verifyConsistency({ fromSize: 1, fromRoot: odd, toSize: 2, toRoot: root, proof })).toBe(false)
      expect(verifyConsistency({ fromSize: 1, fromRoot: leaf, toSize: 2, toRoot: root, proof: [odd] })).toBe(false)
    }
    const short = new Uint8Array(31)
    expect(verifyInclusion({ leafHash: short, index: 0, size: 1, root: short, proof: [] })).toBe(false)
    expect(verifyConsistency({ fromSize: 1, fromRoot: short, toSize: 1, toRoot: short, proof: [] })).toBe(false)
  })
})

describe("vectors of transparency-dev/merkle", () => {
  interface Vector {
    readonly name: string
    readonly proof: readonly string[] | null
    readonly wantErr: boolean
  }
  interface InclusionVector extends Vector {
    readonly leafIdx: number
    readonly treeSize: number
    readonly root: string | null
    readonly leafHash: string | null
  }
  interface ConsistencyVector extends Vector {
    readonly size1: number
    readonly size2: number
    readonly root1: string | null
    readonly root2: string | null
  }
  const folder = new URL("../../../../shared/vectors/", import.meta.url)
  const present = existsSync(folder)
  if (!present) console.warn("not run: the Merkle vectors are not beside the repository")
  function read<V extends Vector>(name: string): V[] {
    return JSON.parse(readFileSync(new URL(name, folder), "utf8"))
  }

  test.skipIf(!present)("inclusion", () => {
    const vectors = read<InclusionVector>("merkle-inclusion.json")
    for (const { name, leafIdx: index, treeSize: size, root, leafHash: leaf, proof, wantErr } of vectors) {
      const claim = { leafHash: bytes(leaf), index, size, root: bytes(root), proof: (proof ?? []).map(bytes) }
      expect(verifyInclusion(claim), name).toBe(!wantErr)
    }
    expect(vectors.filter(({ wantErr }) => !wantErr).length).toBeGreaterThan(5)
    expect(vectors.filter(({ wantErr }) => wantErr).length).toBeGreaterThan(80)
  })

  test.skipIf(!present)("consistency", () => {
    const vectors = read<ConsistencyVector>("merkle-consistency.json")
    for (const { name, size1: fromSize, size2: toSize, root1, root2, proof, wantErr } of vectors) {
      const claim = { fromSize, toSize, fromRoot: bytes(root1), toRoot: bytes(root2), proof: (proof ?? []).map(bytes) }
      // One right case has roots that are no hashes ("don't care"): here a root is 32 bytes, or nothing holds of it.
      const refused = wantErr || claim.fromRoot.length !== 32
      expect(verifyConsistency(claim), name).toBe(!refused)
    }
    expect(vectors.filter(({ wantErr }) => !wantErr).length).toBeGreaterThan(4)
    expect(vectors.filter(({ wantErr }) => wantErr).length).toBeGreaterThan(80)
  })
})
