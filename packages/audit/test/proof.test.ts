import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { consistencyProof, inclusionProof, nodeHash, verifyConsistency, verifyInclusion } from "@agentwrit/audit"
import { encodeHex } from "@agentwrit/core"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { consistencyProver } from "./independent.ts"
import { leaves, rootAt } from "./tree.ts"
import { type ConsistencyVector, FILES, type InclusionVector } from "./vectors/generate.ts"

const bytes = (base64: string | null): Uint8Array => Uint8Array.from(Buffer.from(base64 ?? "", "base64"))
const flipped = (hash: Uint8Array, bit: number): Uint8Array =>
  hash.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))

/** Both sides of two powers of two, where the shape of the tree changes. */
const MOST_LEAVES = 35

describe("proofs", () => {
  test("of inclusion are valid for every leaf of trees of every size, and for no other leaf, position, size or root", () => {
    for (let size = 1; size <= MOST_LEAVES; size++) {
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

  test("of consistency agree with the RFC's definition for all m < n up to 35", () => {
    const wrong: string[] = []
    for (let toSize = 1; toSize <= MOST_LEAVES; toSize++) {
      for (let fromSize = 1; fromSize <= toSize; fromSize++) {
        const proof = consistencyProof(leaves.slice(0, toSize), fromSize)
        if (hexOf(proof) !== hexOf(prove(fromSize, toSize))) wrong.push(`${fromSize} of ${toSize}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test("of consistency are valid for all m < n up to 35, and never with a bit flipped or a hash missing", () => {
    const wrong: string[] = []
    for (let toSize = 2; toSize <= MOST_LEAVES; toSize++) {
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

  test("are not created for leaves or sizes that the tree does not have", () => {
    for (const index of [-1, 5, 1.5, Number.NaN])
      expect(() => inclusionProof(leaves.slice(0, 5), index)).toThrow(TypeError)
    for (const size of [0, -1, 6, 1.5, Number.NaN])
      expect(() => consistencyProof(leaves.slice(0, 5), size)).toThrow(TypeError)
  })

  test("are invalid for any root when they continue above the root", () => {
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

  test("are invalid for any root when a size or position is not a safe whole number", () => {
    const [leaf, sibling] = [leaves[0] ?? expect.fail(), leaves[1] ?? expect.fail()]
    const root = nodeHash(leaf, sibling)
    for (const [size, levels] of [
      [1.5, 1],
      [2 ** 60, 61],
    ] as const) {
      const proof = Array.from({ length: levels }, () => sibling)
      const top = proof.reduce((below, right) => nodeHash(below, right), leaf)
      expect(verifyInclusion({ leafHash: leaf, index: 0, size, root: top, proof })).toBe(false)
      expect(verifyConsistency({ fromSize: 1, fromRoot: leaf, toSize: size, toRoot: top, proof })).toBe(false)
    }
    expect(verifyInclusion({ leafHash: leaf, index: 0.5, size: 2, root, proof: [sibling] })).toBe(false)
    expect(verifyConsistency({ fromSize: 1.5, fromRoot: leaf, toSize: 2, toRoot: root, proof: [leaf, sibling] })).toBe(
      false,
    )
  })

  test("of consistency are invalid for a tree that shrank and for two different trees of one size", () => {
    const root = rootAt(4)
    expect(verifyConsistency({ fromSize: 4, fromRoot: root, toSize: 2, toRoot: root, proof: [] })).toBe(false)
    expect(verifyConsistency({ fromSize: 4, fromRoot: root, toSize: 4, toRoot: rootAt(5), proof: [] })).toBe(false)
    expect(verifyConsistency({ fromSize: 4, fromRoot: root, toSize: 4, toRoot: root, proof: [] })).toBe(true)
    expect(verifyConsistency({ fromSize: 4, fromRoot: root, toSize: 4, toRoot: root, proof: [root] })).toBe(false)
  })

  test("return false for a malformed claim, and never throw", () => {
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

const SETS = [
  ["of this repository", new URL("vectors/", import.meta.url)],
  ["of transparency-dev/merkle", new URL("../../../../shared/vectors/", import.meta.url)],
] as const

describe.each(SETS)("vectors %s", (_, folder) => {
  const isPresent = existsSync(folder)
  if (!isPresent) console.warn(`not run: the vectors of others, because ${fileURLToPath(folder)} does not exist`)
  function read<V>(name: string): V[] {
    return JSON.parse(readFileSync(new URL(name, folder), "utf8"))
  }

  test.skipIf(!isPresent)("inclusion", () => {
    const vectors = read<InclusionVector>("merkle-inclusion.json")
    for (const { name, leafIdx: index, treeSize: size, root, leafHash: leaf, proof, wantErr } of vectors) {
      const claim = { leafHash: bytes(leaf), index, size, root: bytes(root), proof: (proof ?? []).map(bytes) }
      expect(verifyInclusion(claim), name).toBe(!wantErr)
    }
    expect(vectors.filter(({ wantErr }) => !wantErr).length).toBeGreaterThan(5)
    expect(vectors.filter(({ wantErr }) => wantErr).length).toBeGreaterThan(80)
  })

  test.skipIf(!isPresent)("consistency", () => {
    const vectors = read<ConsistencyVector>("merkle-consistency.json")
    for (const { name, size1: fromSize, size2: toSize, root1, root2, proof, wantErr } of vectors) {
      const claim = { fromSize, toSize, fromRoot: bytes(root1), toRoot: bytes(root2), proof: (proof ?? []).map(bytes) }
      // One right case of others has roots that are not hashes. Here every root must have 32 bytes.
      const isRefused = wantErr || claim.fromRoot.length !== 32
      expect(verifyConsistency(claim), name).toBe(!isRefused)
    }
    expect(vectors.filter(({ wantErr }) => !wantErr).length).toBeGreaterThan(4)
    expect(vectors.filter(({ wantErr }) => wantErr).length).toBeGreaterThan(80)
  })
})

test.each(Object.entries(FILES))("%s is what the script generates", (name, generate) => {
  const written = JSON.parse(readFileSync(new URL(`vectors/${name}`, import.meta.url), "utf8"))
  expect(written).toEqual(generate())
})
