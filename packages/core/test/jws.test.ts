import { describe, expect, it } from "vitest"
import {
  CoreError,
  createVerifyingKey,
  decodeBase64Url,
  decodeUtf8,
  encodeBase64Url,
  encodeUtf8,
  MAX_JWS_LENGTH,
  signCompact,
  TokenError,
  verifyCompact,
  verifyToken,
} from "../src/index.ts"
import { findKey, key, otherKey } from "./samples.ts"
import { hasSharedVectors, type JwsVectors, readSharedVectors } from "./shared-vectors.ts"

const payload = encodeUtf8('{"a":1}')
const good = signCompact("JWT", payload, key)
const [header = "", body = "", signature = ""] = good.split(".")

/** A JWS with any header, correctly signed by our key. */
function withHeader(text: string): string {
  const input = `${encodeBase64Url(encodeUtf8(text))}.${body}`
  return `${input}.${encodeBase64Url(key.sign(encodeUtf8(input)))}`
}

const kid = key.keyId

describe("signCompact", () => {
  it("writes the exact header of CONTRACT 2", () => {
    expect(decodeUtf8(decodeBase64Url(header))).toBe(`{"alg":"EdDSA","typ":"JWT","kid":"${kid}"}`)
    expect(decodeBase64Url(body)).toEqual(payload)
    expect(key.verify(encodeUtf8(`${header}.${body}`), decodeBase64Url(signature))).toBe(true)
  })

  it.each(["", 'a"b', "a\\b", "a b", "é"])("takes no typ that needs escaping: %j", (type) => {
    expect(() => signCompact(type, payload, key)).toThrow(TypeError)
  })

  it("refuses to make a text that no verifier would accept", () => {
    expect(MAX_JWS_LENGTH).toBe(1_048_576)
    const room = MAX_JWS_LENGTH - header.length - signature.length - 2
    const longest = new Uint8Array(Math.floor((room * 3) / 4))
    const text = signCompact("JWT", longest, key)
    expect(text).toHaveLength(MAX_JWS_LENGTH)
    expect(verifyCompact("JWT", text, findKey).payload).toEqual(longest)
    expect(() => signCompact("JWT", new Uint8Array(MAX_JWS_LENGTH), key)).toThrow(
      expect.objectContaining({ code: "token_too_long" }),
    )
  })
})

describe("verifyCompact", () => {
  it("returns payload and key", () => {
    const verified = verifyCompact("JWT", good, findKey)
    expect(verified.payload).toEqual(payload)
    expect(verified.key).toBe(key)
  })

  it("keeps types apart", () => {
    const feed = signCompact("agentwrit-revocations+jwt", payload, key)
    expect(verifyCompact("agentwrit-revocations+jwt", feed, findKey).payload).toEqual(payload)
    expect(() => verifyCompact("JWT", feed, findKey)).toThrow(expect.objectContaining({ code: "wrong_header" }))
    expect(() => verifyCompact("agentwrit-revocations+jwt", good, findKey)).toThrow(
      expect.objectContaining({ code: "wrong_header" }),
    )
  })

  it.each([
    ["another order", `{"typ":"JWT","alg":"EdDSA","kid":"${kid}"}`],
    ["a space", `{"alg":"EdDSA", "typ":"JWT","kid":"${kid}"}`],
    ["a line break at the end", `{"alg":"EdDSA","typ":"JWT","kid":"${kid}"}\n`],
    ["alg none", `{"alg":"none","typ":"JWT","kid":"${kid}"}`],
    ["alg in another case", `{"alg":"eddsa","typ":"JWT","kid":"${kid}"}`],
    ["alg HS256", `{"alg":"HS256","typ":"JWT","kid":"${kid}"}`],
    ["alg Ed25519", `{"alg":"Ed25519","typ":"JWT","kid":"${kid}"}`],
    ["an escape", `{"alg":"EdDS\\u0041","typ":"JWT","kid":"${kid}"}`],
    ["typ in another case", `{"alg":"EdDSA","typ":"jwt","kid":"${kid}"}`],
    ["no typ", `{"alg":"EdDSA","kid":"${kid}"}`],
    ["no kid", '{"alg":"EdDSA","typ":"JWT"}'],
    ["a member more", `{"alg":"EdDSA","typ":"JWT","kid":"${kid}","x":1}`],
    ["crit", `{"alg":"EdDSA","typ":"JWT","kid":"${kid}","crit":["b64"],"b64":false}`],
    ["an embedded key", `{"alg":"EdDSA","typ":"JWT","kid":"${kid}","jwk":{"kty":"OKP"}}`],
    ["a member twice", `{"alg":"EdDSA","alg":"EdDSA","typ":"JWT","kid":"${kid}"}`],
    ["a shorter kid", `{"alg":"EdDSA","typ":"JWT","kid":"${kid.slice(1)}"}`],
    ["a kid of other characters", `{"alg":"EdDSA","typ":"JWT","kid":"${"/".repeat(43)}"}`],
    ["a kid that ends the header early", `{"alg":"EdDSA","typ":"JWT","kid":"${'","kid":"'.padEnd(43, "a")}"}`],
    ["nothing", ""],
  ])("refuses a correctly signed header with %s", (_name, text) => {
    expect(() => verifyCompact("JWT", withHeader(text), findKey)).toThrow(TokenError)
    expect(() => verifyCompact("JWT", withHeader(text), () => key)).toThrow(
      expect.objectContaining({ code: "wrong_header" }),
    )
  })

  it.each([
    ["nothing", "", "malformed_token"],
    ["one part", header, "malformed_token"],
    ["two parts", `${header}.${body}`, "malformed_token"],
    ["four parts", `${good}.`, "malformed_token"],
    ["four parts, the last one filled", `${good}.${signature}`, "malformed_token"],
    ["no signature", `${header}.${body}.`, "bad_signature"],
    ["no header", `.${body}.${signature}`, "wrong_header"],
    ["no payload", `${header}..${signature}`, "bad_signature"],
    ["a space before", ` ${good}`, "malformed_token"],
    ["a line break after", `${good}\n`, "malformed_token"],
    ["padding", `${good}==`, "malformed_token"],
    ["padded payload", `${header}.${body}==.${signature}`, "malformed_token"],
    ["a line break within", `${header}.${body.slice(0, 2)}\n${body.slice(2)}.${signature}`, "malformed_token"],
    ["stray bits in the signature", `${header}.${body}.${strayBits(signature)}`, "malformed_token"],
    ["stray bits in the payload", `${header}.${strayBits(body)}.${signature}`, "malformed_token"],
    ["the standard alphabet", good.replaceAll("-", "+").replaceAll("_", "/"), "malformed_token"],
    [
      "a letter whose low byte is the right one",
      `${header}.${body}.${String.fromCharCode(signature.charCodeAt(0) + 0x100)}${signature.slice(1)}`,
      "malformed_token",
    ],
    ["another payload", `${header}.${encodeBase64Url(encodeUtf8('{"a":2}'))}.${signature}`, "bad_signature"],
    ["too much", "a".repeat(MAX_JWS_LENGTH + 1), "token_too_long"],
  ])("refuses %s", (_name, text, code) => {
    expect(() => verifyCompact("JWT", text, findKey)).toThrow(TokenError)
    expect(() => verifyCompact("JWT", text, findKey)).toThrow(expect.objectContaining({ code }))
  })

  it.each(["", header, `${header}.${body}`])("reports that %j does not have three parts", (text) => {
    expect(() => verifyCompact("JWT", text, findKey)).toThrow("not three parts")
  })

  it.each([[undefined], [null], [7], [{}], [[good]]])("refuses %j", (value) => {
    expect(() => verifyCompact("JWT", value as string, findKey)).toThrow(
      expect.objectContaining({ code: "malformed_token" }),
    )
  })

  it("looks up keys only by a well-formed kid, and accepts only a key with that kid", () => {
    const foreign = signCompact("JWT", payload, otherKey)
    const asked: string[] = []
    const find = (keyId: string) => void asked.push(keyId)
    expect(() => verifyCompact("JWT", foreign, find)).toThrow(expect.objectContaining({ code: "unknown_key" }))
    expect(() => verifyCompact("JWT", withHeader("{}"), find)).toThrow(TokenError)
    expect(asked).toEqual([otherKey.keyId])
    expect(() => verifyCompact("JWT", foreign, () => key)).toThrow(expect.objectContaining({ code: "unknown_key" }))
  })

  it("does not verify the signature of one key under another", () => {
    const input = `${encodeBase64Url(encodeUtf8(`{"alg":"EdDSA","typ":"JWT","kid":"${kid}"}`))}.${body}`
    const forged = `${input}.${encodeBase64Url(otherKey.sign(encodeUtf8(input)))}`
    expect(() => verifyCompact("JWT", forged, findKey)).toThrow(expect.objectContaining({ code: "bad_signature" }))
  })

  it("refuses the correctly signed example of RFC 8037 A.4 for its header", () => {
    const rfcKey = createVerifyingKey(decodeBase64Url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
    const input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    const rfcSignature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    expect(rfcKey.verify(encodeUtf8(input), decodeBase64Url(rfcSignature))).toBe(true)
    expect(() => verifyCompact("JWT", `${input}.${rfcSignature}`, () => rfcKey)).toThrow(
      expect.objectContaining({ code: "wrong_header" }),
    )
  })
})

describe.skipIf(!hasSharedVectors)("wycheproof", () => {
  it.each([
    ["wycheproof-json_web_signature_test.json", 401],
    ["wycheproof-json_web_key_test.json", 26],
  ])("%s: all %i are refused, because none has our header", (file, count) => {
    const cases = readSharedVectors<JwsVectors>(file).testGroups.flatMap((group) => group.tests)
    expect(cases).toHaveLength(count)
    for (const { tcId, jws } of cases) {
      for (const run of [
        () => verifyCompact("JWT", jws as string, () => key),
        () => verifyToken(jws as string, () => key),
      ]) {
        expect(run, `case ${tcId}`).toThrow(CoreError)
      }
    }
  })
})

/** Another text for the same bytes: the lowest bit of the last character, which its bytes do not use. */
function strayBits(part: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  return part.slice(0, -1) + alphabet.charAt(alphabet.indexOf(part.slice(-1)) ^ 1)
}
