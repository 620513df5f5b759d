import { describe, expect, it, test } from "vitest"
import {
  createProof,
  encodeBase64Url,
  encodeUtf8,
  keyIdOf,
  type ProofExpectations,
  ProofMemory,
  type SigningKey,
  sha256,
  verifyProof,
} from "../src/index.ts"
import { key, NOW, otherKey } from "./samples.ts"

const TOKEN = "a.b.c"
const URL = "https://api.example/data/7"
const EXPECTED: ProofExpectations = { method: "GET", url: URL, token: TOKEN, thumbprint: key.keyId, now: NOW }
const JWK = jwkOf(key)
const HEADER = { typ: "dpop+jwt", alg: "EdDSA", jwk: JWK }
const PAYLOAD = {
  jti: "e1j3V_bKic8-LAEB",
  htm: "GET",
  htu: URL,
  iat: NOW,
  ath: encodeBase64Url(sha256(encodeUtf8(TOKEN))),
}

function jwkOf({ publicKey }: SigningKey) {
  return { kty: "OKP", crv: "Ed25519", x: encodeBase64Url(publicKey) }
}

/** A proof with these members changed; `undefined` leaves one out. */
function proof(header: object = {}, payload: object = {}, signer = key): string {
  const part = (value: object) => encodeBase64Url(encodeUtf8(JSON.stringify(value)))
  const input = `${part({ ...HEADER, ...header })}.${part({ ...PAYLOAD, ...payload })}`
  return `${input}.${encodeBase64Url(signer.sign(encodeUtf8(input)))}`
}

describe("is accepted:", () => {
  test("a proof that this package makes", async () => {
    const made = await createProof(key, { method: "GET", url: `${URL}?q=1#top`, token: TOKEN, iat: NOW, jti: "one" })
    expect(verifyProof(made, EXPECTED)).toMatchObject({ jti: "one", iat: NOW, header: { key: { keyId: key.keyId } } })
  })

  test.each<[string, object, object]>([
    ["the algorithm's name of RFC 9864", { alg: "Ed25519" }, {}],
    ["a jwk with members that do not count", { jwk: { ...JWK, kid: "mine", alg: "EdDSA", ext: true } }, {}],
    ["a URL with its default port and in another case", {}, { htu: "HTTPS://API.example:443/data/7" }],
    ["a URL with query and fragment", {}, { htu: `${URL}?q=1#top` }],
    ["60 s old", {}, { iat: NOW - 60 }],
    ["60 s ahead", {}, { iat: NOW + 60 }],
    ["members that do not count", {}, { nonce: "x", exp: 1 }],
  ])("%s", (_, header, payload) => {
    expect(verifyProof(proof(header, payload), EXPECTED).jti).toBe(PAYLOAD.jti)
  })

  test("with the header of an earlier proof", () => {
    const { header } = verifyProof(proof(), EXPECTED)
    expect(verifyProof(proof(), { ...EXPECTED, knownHeader: header }).header).toBe(header)
  })
})

describe("is refused (RFC 9449 section 4.3):", () => {
  test.each<[string, string, string]>([
    ["an empty text", "", "malformed_proof"],
    ["one part too many", `${proof()}.x`, "malformed_proof"],
    ["8 KiB and more", proof({}, { htu: `${URL}/${"a".repeat(8192)}` }), "malformed_proof"],
    ["a token's typ", proof({ typ: "JWT" }), "malformed_proof"],
    ["no algorithm", proof({ alg: "none" }), "malformed_proof"],
    ["a symmetric algorithm", proof({ alg: "HS256" }), "malformed_proof"],
    ["an algorithm named like a member of every object", proof({ alg: "constructor" }), "malformed_proof"],
    ["a critical extension", proof({ crit: ["b64"], b64: false }), "malformed_proof"],
    ["no jwk", proof({ jwk: undefined }), "malformed_proof"],
    ["a private jwk", proof({ jwk: { ...JWK, d: JWK.x } }), "malformed_proof"],
    ["another curve", proof({ jwk: { kty: "EC", crv: "P-256", x: JWK.x, y: JWK.x } }), "malformed_proof"],
    ["a key of small order", proof({ jwk: { ...JWK, x: "A".repeat(43) } }), "malformed_proof"],
    ["a jwk without x", proof({ jwk: { kty: "OKP", crv: "Ed25519" } }), "malformed_proof"],
    ["no jti", proof({}, { jti: undefined }), "malformed_proof"],
    ["an empty jti", proof({}, { jti: "" }), "malformed_proof"],
    ["a long jti", proof({}, { jti: "a".repeat(257) }), "malformed_proof"],
    ["an iat that is a text", proof({}, { iat: String(NOW) }), "malformed_proof"],
    ["another method", proof({}, { htm: "POST" }), "proof_mismatch"],
    ["a method in lower case", proof({}, { htm: "get" }), "proof_mismatch"],
    ["another path", proof({}, { htu: "https://api.example/data/8" }), "proof_mismatch"],
    ["another scheme", proof({}, { htu: "http://api.example/data/7" }), "proof_mismatch"],
    ["another host", proof({}, { htu: "https://api.example.evil/data/7" }), "proof_mismatch"],
    ["a URL with a user name", proof({}, { htu: "https://u@api.example/data/7" }), "proof_mismatch"],
    ["no ath", proof({}, { ath: undefined }), "proof_mismatch"],
    ["the ath of another token", proof({}, { ath: encodeBase64Url(sha256(encodeUtf8("x"))) }), "proof_mismatch"],
    ["61 s old", proof({}, { iat: NOW - 61 }), "proof_outdated"],
    ["61 s ahead", proof({}, { iat: NOW + 61 }), "proof_outdated"],
    ["another key, which signs genuinely", proof({ jwk: jwkOf(otherKey) }, {}, otherKey), "proof_mismatch"],
    ["the key's jwk with another key's signature", proof({}, {}, otherKey), "bad_proof_signature"],
    ["no signature", `${proof().split(".").slice(0, 2).join(".")}.`, "bad_proof_signature"],
  ])("%s", (_, text, code) => {
    expect(() => verifyProof(text, EXPECTED)).toThrow(expect.objectContaining({ name: "ProofError", code }))
  })

  it("a time that is not a number", () => {
    expect(() => verifyProof(proof(), { ...EXPECTED, now: Number.NaN })).toThrow(
      expect.objectContaining({ code: "proof_outdated" }),
    )
  })
})

it("names the key by its RFC 7638 thumbprint", () => {
  expect(keyIdOf(key.publicKey)).toBe(key.keyId)
})

describe("the memory of proofs", () => {
  const used = (jti: string, iat = NOW) => ({ jti, iat, header: { encoded: "", key } })
  const replayed = expect.objectContaining({ code: "proof_replayed" })

  it("refuses a second use, also under another spelling of the time", () => {
    const memory = new ProofMemory()
    memory.use(used("a"), NOW)
    memory.use(used("b"), NOW)
    memory.use({ ...used("a"), header: { encoded: "", key: otherKey } }, NOW)
    expect(() => memory.use(used("a"), NOW + 60)).toThrow(replayed)
  })

  it("forgets what is no longer accepted", () => {
    const memory = new ProofMemory()
    for (let second = 0; second < 1000; second++) memory.use(used(String(second), NOW + second), NOW + second)
    expect(memory.size).toBeLessThanOrEqual(122)
  })

  it("is bounded, and refuses what it had to forget", () => {
    const memory = new ProofMemory(10)
    for (let i = 0; i < 10; i++) memory.use(used(String(i), NOW - 5), NOW)
    memory.use(used("new"), NOW)
    expect(memory.size).toBe(1)
    expect(() => memory.use(used("0", NOW - 5), NOW)).toThrow(replayed)
    memory.use(used("newer"), NOW)
    expect(memory.size).toBe(2)
  })
})
