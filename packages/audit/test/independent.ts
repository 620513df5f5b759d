/** The trail's hashes by CONTRACT 4, with node:crypto only: nothing here comes from the packages under test. */
import { createHash } from "node:crypto"

export const sha256 = (...parts: (string | Uint8Array)[]): Buffer => {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** RFC 8785 of an event without its hash. */
export const canonical = (event: object): string => canonicalValue({ ...event, hash: undefined })

function canonicalValue(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalValue).join(",")}]`
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalValue(member)}`).join(",")}}`
}

export const hashOf = (event: object): string => sha256(canonical(event)).toString("hex")
export const leafOf = (event: object): Buffer => sha256(Buffer.of(0), canonical(event))

/** MTH of RFC 6962 section 2.1, over leaf hashes. */
export function treeRoot(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return Buffer.from(leaves[0] ?? [])
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return sha256(Buffer.of(1), treeRoot(leaves.slice(0, split)), treeRoot(leaves.slice(split)))
}

/** PROOF(m, D[n]) of RFC 6962 section 2.1.2 for many m and n over one list of leaves: every subtree is hashed once. */
export function consistencyProver(leaves: readonly Uint8Array[]): (m: number, n: number) => Buffer[] {
  const known = new Map<number, Buffer>()
  const split = (size: number): number => 2 ** Math.floor(Math.log2(size - 1))
  const root = (start: number, end: number): Buffer => {
    const key = start * (leaves.length + 1) + end
    const middle = start + split(end - start)
    const hash =
      known.get(key) ??
      (end - start === 1
        ? treeRoot(leaves.slice(start, end))
        : sha256(Buffer.of(1), root(start, middle), root(middle, end)))
    known.set(key, hash)
    return hash
  }
  const subproof = (m: number, start: number, end: number, whole: boolean): Buffer[] => {
    if (m === end - start) return whole ? [] : [root(start, end)]
    const k = split(end - start)
    return m <= k
      ? [...subproof(m, start, start + k, whole), root(start + k, end)]
      : [...subproof(m - k, start + k, end, false), root(start, start + k)]
  }
  return (m, n) => subproof(m, 0, n, true)
}
