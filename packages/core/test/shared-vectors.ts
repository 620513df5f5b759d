import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { SignatureVector } from "./vectors/generate.ts"

/** The vectors of others are not part of the repository. Where they exist, they are beside it. */
const folder = new URL("../../../../shared/vectors/", import.meta.url)

/** Whether the vectors are there. If not, the tests that need them are skipped, with a warning. */
export const hasSharedVectors: boolean = existsSync(folder)

if (!hasSharedVectors) console.warn(`not run: the vectors of others, because ${fileURLToPath(folder)} does not exist`)

/** One file of vectors, parsed. */
export function readSharedVectors<Vectors>(name: string): Vectors {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Vectors
}

/** `wycheproof-ed25519_test.json`, as far as it is used. */
export interface Ed25519Vectors {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string }
    readonly tests: readonly {
      readonly tcId: number
      readonly comment: string
      readonly msg: string
      readonly sig: string
      readonly result: "valid" | "invalid"
    }[]
  }[]
}

/** `cctv-ed25519.json`, as far as it is used. */
type CctvVectors = readonly {
  readonly number: number
  readonly key: string
  readonly msg: string
  readonly sig: string
  readonly flags: readonly string[] | null
}[]

/** What CONTRACT 2 refuses: keys and R of small order, non-canonical encodings, cofactored solutions. */
const REFUSED_FLAGS = /^(low_order_[AR]|non_canonical_[AR]|low_order_residue)$/

/** The vectors of CCTV. Their flags say what is special in a signature; the verdict is by CONTRACT 2. */
export const readCctvVectors = (): SignatureVector[] =>
  readSharedVectors<CctvVectors>("cctv-ed25519.json").map(({ number, key, msg, sig, flags }) => ({
    name: `case ${number}: ${flags}`,
    publicKey: key,
    message: Buffer.from(msg).toString("hex"),
    signature: sig,
    valid: !(flags ?? []).some((flag) => REFUSED_FLAGS.test(flag)),
  }))

/** The files on JWS and JWK, as far as they are used. */
export interface JwsVectors {
  readonly testGroups: readonly {
    readonly comment: string
    readonly public?: unknown
    readonly private?: unknown
    readonly tests: readonly { readonly tcId: number; readonly comment: string; readonly jws: unknown }[]
  }[]
}
