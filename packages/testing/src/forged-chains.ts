import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { tokenPart } from "./forged-tokens.ts"

/** One record of a token's `delegation_chain`. */
export interface ChainRecord {
  readonly agent: string
  readonly scope: readonly string[]
  readonly delegated_at: string
  readonly signature: string
}

export const chainOf = (token: string): ChainRecord[] => tokenPart(token, 1).delegation_chain

/** RFC 8785: sorted members. All texts here are ASCII. */
const canonical = (record: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))))

/** The `chain_hash` of a chain, computed without our own code. */
export const chainHashOf = (chain: readonly ChainRecord[]): string =>
  createHash("sha256")
    .update(`[${chain.map(canonical).join()}]`)
    .digest("hex")

/** The chain, with every record signed again by that key. */
function signedBy(key: KeyObject, chain: readonly ChainRecord[]): ChainRecord[] {
  const made: ChainRecord[] = []
  for (const { signature: _, ...record } of chain) {
    const prev = made.length === 0 ? "0".repeat(64) : chainHashOf(made)
    const text = canonical({ v: "agentwrit-delegation-v1", ...record, prev })
    made.push({ ...record, signature: sign(null, Buffer.from(text), key).toString("hex") })
  }
  return made
}

const other = generateKeyPairSync("ed25519").privateKey

/** False chains, made from two genuine ones of three records with the same delegate. */
export const CHAIN_FORGERIES: readonly [
  what: string,
  forge: (chain: readonly ChainRecord[], another: readonly ChainRecord[]) => ChainRecord[],
][] = [
  ["cut at its start", (chain) => chain.slice(1)],
  ["cut in the middle", (chain) => chain.filter((_, at) => at !== 1)],
  ["reordered", ([first, ...rest]) => (first === undefined ? [] : [...rest, first])],
  ["with a record twice", (chain) => [...chain, ...chain.slice(-1)]],
  ["spliced with another token's", (chain, another) => [...chain.slice(0, 1), ...another.slice(1)]],
  ["with another token's last record", (chain, another) => [...chain.slice(0, 2), ...another.slice(2)]],
  ["signed by another key", (chain) => signedBy(other, chain)],
  ["whose last record another key signed", (chain) => [...chain.slice(0, 2), ...signedBy(other, chain).slice(2)]],
  ["with another agent", (chain, another) => chain.map((one, at) => ({ ...one, agent: another[at]?.agent ?? "" }))],
  ["with a wider scope", (chain) => chain.map((one) => ({ ...one, scope: ["read:data:*"] }))],
  ["emptied", () => []],
]
