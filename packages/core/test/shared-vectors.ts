import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** Vectors that others wrote lie beside the repository, when they are there at all. */
const folder = new URL("../../../../shared/vectors/", import.meta.url)

/** Whether the folder of vectors is here; says so when it is not, because the tests that need it are then skipped. */
export const hasSharedVectors: boolean = existsSync(folder)

if (!hasSharedVectors) console.warn(`vectors of others are not run: ${fileURLToPath(folder)} is absent`)

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

/** The files on JWS and JWK, as far as they are used. */
export interface JwsVectors {
  readonly testGroups: readonly {
    readonly comment: string
    readonly public?: unknown
    readonly private?: unknown
    readonly tests: readonly { readonly tcId: number; readonly comment: string; readonly jws: unknown }[]
  }[]
}
