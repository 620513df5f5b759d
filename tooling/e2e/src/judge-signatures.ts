import { readFileSync } from "node:fs"
import { readCctvVectors } from "../../../packages/core/test/shared-vectors.ts"
import type { SignatureVector } from "../../../packages/core/test/vectors/generate.ts"
import { type Judges, verdictsOf } from "../../../packages/core/test/verdicts.ts"

// Judges a set of vectors by the built core, on the Node that runs this. Prints how many it judged, and those whose
// verdict is wrong.
const CORE = new URL("../../../packages/core/", import.meta.url)

const built = (file: string) => import(new URL(`dist/${file}.js`, CORE).href)
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"))

const judges: Judges = {
  bounds: await built("ed25519-bounds"),
  native: await built("platform/node"),
  portable: await built("platform/portable"),
  createVerifyingKey: (await built("index")).createVerifyingKey,
}
const vectors: SignatureVector[] =
  process.argv[2] === "cctv"
    ? readCctvVectors()
    : JSON.parse(readFileSync(new URL("test/vectors/ed25519.json", CORE), "utf8"))
const wrong = vectors.flatMap(({ name, publicKey, message, signature, valid }) => {
  const verdicts = verdictsOf(judges, bytes(publicKey), bytes(message), bytes(signature))
  return verdicts.every((verdict) => verdict === valid) ? [] : [{ name, valid, verdicts }]
})
process.stdout.write(JSON.stringify({ version: process.version, judged: vectors.length, wrong }))
