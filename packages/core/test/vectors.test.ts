import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import * as bounds from "../src/ed25519-bounds.ts"
import { CoreError, createVerifyingKey, decodeHex, parseJwk, verifyCompact } from "../src/index.ts"
import * as native from "../src/platform/node.ts"
import * as portable from "../src/platform/portable.ts"
import { FILES, type JwkVector, type JwsVector, type SignatureVector } from "./vectors/generate.ts"
import { verdictsOf } from "./verdicts.ts"

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`vectors/${name}`, import.meta.url), "utf8")) as T
}

const signatures = read<SignatureVector[]>("ed25519.json")
const jwks = read<JwkVector[]>("jwk.json")
const jws = read<{ jwk: unknown; vectors: JwsVector[] }>("jws.json")

describe("the vectors of this repository", () => {
  it.each(Object.entries(FILES))("%s is what the script generates", (name, generate) => {
    expect(read(name)).toEqual(JSON.parse(JSON.stringify(generate())))
  })

  it.each(signatures)("Ed25519: $name", ({ publicKey, message, signature, valid }) => {
    const judges = { bounds, native, portable, createVerifyingKey }
    const verdicts = verdictsOf(judges, decodeHex(publicKey), decodeHex(message), decodeHex(signature))
    expect(verdicts).toEqual([valid, valid, valid])
  })

  it.each(jws.vectors)("JWS: $name", ({ jws: text, valid }) => {
    const key = parseJwk(jws.jwk)
    const verify = () => verifyCompact("JWT", text as string, (keyId) => (keyId === key.keyId ? key : undefined))
    if (valid) expect(verify().key.keyId).toBe(key.keyId)
    else expect(verify).toThrow(CoreError)
  })

  it.each(jwks)("JWK: $name", ({ jwk, valid }) => {
    if (valid) expect(parseJwk(jwk).keyId).toBe(parseJwk(jws.jwk).keyId)
    else expect(() => parseJwk(jwk)).toThrow(CoreError)
  })
})
