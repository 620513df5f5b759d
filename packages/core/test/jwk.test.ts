import { describe, expect, it } from "vitest"
import {
  canonicalJson,
  createVerifyingKey,
  decodeBase64Url,
  decodeHex,
  encodeBase64Url,
  encodeUtf8,
  KeyError,
  keyIdOf,
  parseJwk,
  parseJwkSet,
  sha256,
  toJwk,
  toJwkSet,
} from "../src/index.ts"
import { key, otherKey } from "./samples.ts"
import { hasSharedVectors, type JwsVectors, readSharedVectors } from "./shared-vectors.ts"

// RFC 8037 appendices A.2 and A.3.
const rfc8037 = {
  jwk: { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
  publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  thumbprint: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
}

describe("key ids", () => {
  it("are the thumbprint of RFC 8037 A.3", () => {
    expect(keyIdOf(decodeHex(rfc8037.publicKey))).toBe(rfc8037.thumbprint)
    expect(createVerifyingKey(decodeHex(rfc8037.publicKey)).keyId).toBe(rfc8037.thumbprint)
  })

  it("follow the steps of RFC 7638 on the example of its section 3.1", () => {
    const n =
      "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W" +
      "-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt" +
      "-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    const thumbprint = encodeBase64Url(sha256(encodeUtf8(canonicalJson({ kty: "RSA", n, e: "AQAB" }))))
    expect(thumbprint).toBe("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    const ours = encodeBase64Url(sha256(encodeUtf8(canonicalJson(rfc8037.jwk))))
    expect(ours).toBe(keyIdOf(decodeBase64Url(rfc8037.jwk.x)))
  })
})

describe("toJwk", () => {
  it("writes the members that CONTRACT 3 lists, and nothing private", () => {
    expect(toJwk(key)).toEqual({
      kty: "OKP",
      crv: "Ed25519",
      x: encodeBase64Url(key.publicKey),
      kid: key.keyId,
      use: "sig",
      alg: "EdDSA",
    })
    expect(toJwkSet([key, otherKey])).toEqual({ keys: [toJwk(key), toJwk(otherKey)] })
  })

  it("is read back by parseJwk", () => {
    expect(parseJwk(JSON.parse(JSON.stringify(toJwk(key)))).publicKey).toEqual(key.publicKey)
    expect(parseJwkSet(toJwkSet([key, otherKey])).map((one) => one.keyId)).toEqual([key.keyId, otherKey.keyId])
  })
})

describe("parseJwk", () => {
  it("reads the key of RFC 8037 A.2, which has no kid, use or alg", () => {
    expect(parseJwk(rfc8037.jwk).keyId).toBe(rfc8037.thumbprint)
    expect(parseJwk({ ...rfc8037.jwk, key_ops: ["verify"], unknown: 1 }).keyId).toBe(rfc8037.thumbprint)
  })

  it.each([
    ["a private member", { ...rfc8037.jwk, d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A" }, "private"],
    ["an empty private member", { ...rfc8037.jwk, d: undefined }, "private"],
    ["another kid", { ...rfc8037.jwk, kid: "key-1" }, "kid"],
    ["another use", { ...rfc8037.jwk, use: "enc" }, "use"],
    ["another alg", { ...rfc8037.jwk, alg: "HS256" }, "alg"],
    ["an alg that is null", { ...rfc8037.jwk, alg: null }, "alg"],
    ["other key_ops", { ...rfc8037.jwk, key_ops: ["sign"] }, "key_ops"],
    ["key_ops of another type", { ...rfc8037.jwk, key_ops: "verify" }, "key_ops"],
    ["another kty", { ...rfc8037.jwk, kty: "EC" }, "OKP"],
    ["another curve", { ...rfc8037.jwk, crv: "X25519" }, "Ed25519"],
    ["no x", { kty: "OKP", crv: "Ed25519" }, "x"],
    ["x with padding", { ...rfc8037.jwk, x: `${rfc8037.jwk.x}=` }, "x"],
    ["x with stray bits", { ...rfc8037.jwk, x: rfc8037.jwk.x.replace(/o$/, "p") }, "x"],
    ["an array", [rfc8037.jwk], "object"],
    ["null", null, "object"],
    ["text", "{}", "object"],
  ])("refuses %s", (_name, value, fault) => {
    expect(() => parseJwk(value)).toThrow(KeyError)
    expect(() => parseJwk(value)).toThrow(
      expect.objectContaining({ code: "invalid_jwk", message: expect.stringContaining(fault) }),
    )
  })

  it.each([
    ["31 bytes", encodeBase64Url(new Uint8Array(31).fill(1))],
    ["zeros", encodeBase64Url(new Uint8Array(32))],
  ])("refuses an x of %s", (_name, x) => {
    expect(() => parseJwk({ ...rfc8037.jwk, x })).toThrow(expect.objectContaining({ code: "invalid_public_key" }))
  })
})

describe("parseJwkSet", () => {
  it("skips keys that are not ours", () => {
    const foreign = [
      { kty: "RSA", n: "AQAB", e: "AQAB" },
      { kty: "OKP", crv: "X25519", x: rfc8037.jwk.x },
      { ...rfc8037.jwk, use: "enc" },
      { ...rfc8037.jwk, alg: "ES256" },
    ]
    expect(parseJwkSet({ keys: [...foreign, toJwk(key)] }).map((one) => one.keyId)).toEqual([key.keyId])
    expect(parseJwkSet({ keys: [] })).toEqual([])
  })

  it.each([
    ["no object", []],
    ["null", null],
    ["no keys", {}],
    ["keys that are not an array", { keys: { 0: rfc8037.jwk, length: 1 } }],
    ["a member that is not an object", { keys: [7] }],
    ["a private key", { keys: [{ ...rfc8037.jwk, d: "AA" }] }],
    ["a kid that is not the thumbprint", { keys: [{ ...toJwk(key), kid: otherKey.keyId }] }],
    ["a key twice", { keys: [toJwk(key), toJwk(key)] }],
    ["a key twice, once without kid", { keys: [rfc8037.jwk, { ...rfc8037.jwk, kid: rfc8037.thumbprint }] }],
  ])("refuses %s", (_name, value) => {
    expect(() => parseJwkSet(value)).toThrow(expect.objectContaining({ code: "invalid_jwk" }))
  })
})

describe.skipIf(!hasSharedVectors)("wycheproof key sets", () => {
  const { testGroups } = hasSharedVectors
    ? readSharedVectors<JwsVectors>("wycheproof-json_web_key_test.json")
    : { testGroups: [] }

  it("contain no key that we accept", () => {
    expect(testGroups).toHaveLength(25)
    for (const group of testGroups) {
      for (const set of [group.public, group.private])
        if (set !== undefined) expect(parseJwkSet(set), group.comment).toEqual([])
    }
  })
})
