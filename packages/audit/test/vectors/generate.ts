// Writes the vectors beside this file: `node packages/audit/test/vectors/generate.ts`. They have the form and the
// classes of the vectors of transparency-dev/merkle, which are not part of the repository: right proofs, and each way
// to break one. Nothing here uses the package.
import { writeFileSync } from "node:fs"
import { consistencyProver, sha256, treeRoot } from "../independent.ts"

export interface InclusionVector {
  readonly name: string
  readonly leafIdx: number
  readonly treeSize: number
  /** Hashes are in base64. */
  readonly root: string | null
  readonly leafHash: string | null
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

export interface ConsistencyVector {
  readonly name: string
  readonly size1: number
  readonly size2: number
  readonly root1: string | null
  readonly root2: string | null
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

const leaves = Array.from({ length: 8 }, (_, i) => sha256(Buffer.of(0, i)))
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64")
const rootAt = (size: number): string => base64(treeRoot(leaves.slice(0, size)))
const OTHER = base64(sha256("another hash"))

/** PATH(m, D[n]) of RFC 6962 section 2.1.1. */
function path(index: number, part: readonly Uint8Array[]): Buffer[] {
  if (part.length === 1) return []
  const split = 2 ** Math.floor(Math.log2(part.length - 1))
  const [left, right] = [part.slice(0, split), part.slice(split)]
  return index < split ? [...path(index, left), treeRoot(right)] : [...path(index - split, right), treeRoot(left)]
}

/** Each way to break a proof by itself. */
function brokenProofs(proof: readonly string[]): [string, string[]][] {
  const broken: [string, string[]][] = [
    ["a hash more at the end", [...proof, OTHER]],
    ["a hash more at the start", [OTHER, ...proof]],
    ["an empty hash more", [...proof, ""]],
  ]
  const [first, ...rest] = proof
  if (first === undefined) return broken
  const bytes = Buffer.from(first, "base64")
  broken.push(
    ["no proof", []],
    ["the first hash missing", rest],
    ["the last hash missing", proof.slice(0, -1)],
    ["another first hash", [OTHER, ...rest]],
    ["a short hash", [base64(bytes.subarray(1)), ...rest]],
    ["a long hash", [base64(Buffer.concat([bytes, Buffer.alloc(1)])), ...rest]],
  )
  if (rest.length > 0) broken.push(["the order reversed", proof.toReversed()])
  return broken
}

function inclusionVectors(): InclusionVector[] {
  return [
    [0, 1],
    [0, 8],
    [5, 8],
    [2, 3],
    [1, 5],
    [6, 7],
  ].flatMap(([index = 0, size = 1]) => {
    const proof = path(index, leaves.slice(0, size)).map(base64)
    const good = {
      leafIdx: index,
      treeSize: size,
      root: rootAt(size),
      leafHash: base64(leaves[index] ?? sha256()),
      proof,
    }
    const broken: readonly (readonly [string, Partial<InclusionVector>])[] = [
      ["the index of another leaf", { leafIdx: index ^ 1 }],
      ["an index beyond the tree", { leafIdx: size }],
      ["a negative index", { leafIdx: -1 }],
      ["a size of zero", { treeSize: 0 }],
      ["twice the size", { treeSize: 2 * size }],
      ["another root", { root: OTHER }],
      ["an empty root", { root: null }],
      ["another leaf", { leafHash: OTHER }],
      ["an empty leaf hash", { leafHash: null }],
      ...brokenProofs(proof).map(([name, changed]) => [name, { proof: changed }] as const),
    ]
    return [
      { name: `inclusion of leaf ${index} in ${size}`, ...good, wantErr: false },
      ...broken.map(([name, change]) => ({
        name: `inclusion of leaf ${index} in ${size}: ${name}`,
        ...good,
        ...change,
        wantErr: true,
      })),
    ]
  })
}

function consistencyVectors(): ConsistencyVector[] {
  return [
    [1, 1],
    [1, 8],
    [6, 8],
    [2, 5],
    [4, 8],
    [7, 7],
  ].flatMap(([from = 1, to = 1]) => {
    const proof = consistencyProver(leaves)(from, to).map(base64)
    const good = { size1: from, size2: to, root1: rootAt(from), root2: rootAt(to), proof }
    const broken: readonly (readonly [string, Partial<ConsistencyVector>])[] = [
      ["a first size of zero", { size1: 0 }],
      ["a negative first size", { size1: -1 }],
      ["a larger first size", { size1: to + 1 }],
      ["a second size of zero", { size2: 0 }],
      ["twice the second size", { size2: 2 * to }],
      ["another first root", { root1: OTHER }],
      ["another second root", { root2: OTHER }],
      ["an empty first root", { root1: null }],
      ["an empty second root", { root2: null }],
      ...(from === to ? [] : ([["the roots swapped", { root1: good.root2, root2: good.root1 }]] as const)),
      ...brokenProofs(proof).map(([name, changed]) => [name, { proof: changed }] as const),
    ]
    return [
      { name: `consistency of ${from} and ${to}`, ...good, wantErr: false },
      ...broken.map(([name, change]) => ({
        name: `consistency of ${from} and ${to}: ${name}`,
        ...good,
        ...change,
        wantErr: true,
      })),
    ]
  })
}

/** The content of each file. */
export const FILES: Readonly<Record<string, () => readonly object[]>> = {
  "merkle-inclusion.json": inclusionVectors,
  "merkle-consistency.json": consistencyVectors,
}

if (import.meta.main)
  for (const [name, vectors] of Object.entries(FILES))
    writeFileSync(new URL(name, import.meta.url), `${JSON.stringify(vectors(), undefined, 2)}\n`)
