import fc from "fast-check"
import { importJWK, jwtVerify, SignJWT } from "jose"
import { describe, expect, it } from "vitest"
import {
  type Claims,
  CoreError,
  type DelegationRecord,
  decodeToken,
  encodeBase64Url,
  encodeUtf8,
  MAX_DELEGATION_DEPTH,
  MAX_TOKEN_LENGTH,
  parseClaims,
  signCompact,
  signToken,
  TOKEN_TYPE,
  TokenError,
  toJwk,
  verifyToken,
} from "../src/index.ts"
import { adminClaims, agentClaims, agentId, chainOf, delegatedClaims, findKey, key, NOW, otherKey } from "./samples.ts"

const claims = agentClaims({ aud: ["api"], sid: "s" })
const token = signToken(claims, key)

/** A token with any payload text, correctly signed. */
function withPayload(text: string | Uint8Array): string {
  return signCompact(TOKEN_TYPE, typeof text === "string" ? encodeUtf8(text) : text, key)
}

describe("signToken and verifyToken", () => {
  it.each([
    ["an agent's", claims],
    ["an admin's", adminClaims()],
    ["a delegated one", delegatedClaims(chainOf("read:data:*", "read:data:*"))],
  ])("agree on %s", (_name, given) => {
    const verified = verifyToken(signToken(given, key), findKey)
    expect(verified.claims).toEqual(given)
    expect(verified.key).toBe(key)
  })

  it("do not look at the time", () => {
    expect(verifyToken(signToken(agentClaims({ nbf: 0, exp: 1, iat: 0 }), key), findKey).claims.exp).toBe(1)
  })

  it("write the same token for any order of the members, without unknown members", () => {
    const shuffled = Object.fromEntries([["extra", "x"], ...Object.entries(claims).reverse()]) as Claims
    expect(signToken(shuffled, key)).toBe(token)
  })

  it("refuse to sign claims that no verifier would accept", () => {
    expect(() => signToken(agentClaims({ scope: [] }), key)).toThrow(
      expect.objectContaining({ code: "invalid_claims" }),
    )
    expect(() => signToken(agentClaims({ exp: 1.5 }), key)).toThrow(expect.objectContaining({ code: "invalid_claims" }))
  })

  it("have room for the longest chain with many scopes, and limit the length", () => {
    const scope = Array.from({ length: 50 }, (_, i) => `read:data:${"x".repeat(90)}${i}`)
    const record = (i: number): DelegationRecord => ({
      agent: agentId(i),
      scope,
      delegated_at: "2027-01-15T08:00:00.000Z",
      signature: "0".repeat(128),
    })
    const chain = Array.from({ length: MAX_DELEGATION_DEPTH }, (_, i) => record(i + 1))
    expect(signToken(delegatedClaims(chain, { scope }), key).length).toBeLessThanOrEqual(MAX_TOKEN_LENGTH)

    const tooMany = Array.from({ length: 400 }, (_, i) => `read:data:${"x".repeat(200)}${i}`)
    expect(() => signToken(agentClaims({ scope: tooMany }), key)).toThrow(
      expect.objectContaining({ code: "token_too_long" }),
    )
    const long = withPayload(JSON.stringify(agentClaims({ scope: tooMany })))
    expect(() => verifyToken(long, findKey)).toThrow(expect.objectContaining({ code: "token_too_long" }))
    expect(() => decodeToken(long)).toThrow(expect.objectContaining({ code: "token_too_long" }))
  })

  it("refuse a text that is too long before decoding it", () => {
    expect(MAX_TOKEN_LENGTH).toBe(65_536)
    expect(() => verifyToken("A".repeat(MAX_TOKEN_LENGTH), findKey)).toThrow(
      expect.objectContaining({ code: "malformed_token" }),
    )
    let asked = 0
    const long = `${token}${"A".repeat(MAX_TOKEN_LENGTH)}`
    expect(() => verifyToken(long, () => void asked++)).toThrow(TokenError)
    expect(asked).toBe(0)
  })
})

describe("a correctly signed payload", () => {
  const text = JSON.stringify(parseClaims(claims))

  it("is accepted as it is", () => {
    expect(verifyToken(withPayload(text), findKey).claims).toEqual(claims)
  })

  it("may have unknown claims, which are left out", () => {
    const more = text.replace("{", '{"role":"root","__proto__":{"polluted":1},')
    const verified = verifyToken(withPayload(more), findKey).claims
    expect(verified).toEqual(claims)
    expect("polluted" in verified).toBe(false)
    expect("polluted" in {}).toBe(false)
  })

  it.each([
    ["a claim twice", text.replace("{", '{"kind":"admin",')],
    ["a claim twice, once escaped", text.replace("{", '{"\\u006bind":"admin",')],
    ["a space", text.replace(":", ": ")],
    ["a line break after", `${text}\n`],
    ["a byte order mark", `\ufeff${text}`],
    ["another spelling of a number", text.replace(`"nbf":${NOW}`, '"nbf":18e8')],
    ["a number with a fraction of zero", text.replace(`"nbf":${NOW}`, `"nbf":${NOW}.0`)],
    ["an escape that is not needed", text.replace("kind", "\\u006bind")],
    ["no JSON", "{"],
    ["nothing", ""],
    ["two values", "{}{}"],
    ["invalid UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d)],
  ])("with %s is refused", (_name, payload) => {
    expect(() => verifyToken(withPayload(payload), findKey)).toThrow(TokenError)
    expect(() => verifyToken(withPayload(payload), findKey)).toThrow(
      expect.objectContaining({ code: "malformed_token" }),
    )
  })

  it("that is deeply nested is refused, even if the engine can parse it", () => {
    const payload = "[".repeat(20_000) + "]".repeat(20_000)
    expect(() => verifyToken(withPayload(payload), findKey)).toThrow(CoreError)
  })

  it.each([["null"], ["[]"], ['"text"'], ["1"], ["{}"], ["true"]])("that is %s is refused", (payload) => {
    expect(() => verifyToken(withPayload(payload), findKey)).toThrow(
      expect.objectContaining({ code: "invalid_claims" }),
    )
  })

  it("with an invalid chain is refused", () => {
    const delegated = delegatedClaims(chainOf("read:data:1"), { scope: ["read:data:2"] })
    expect(() => verifyToken(withPayload(JSON.stringify(delegated)), findKey)).toThrow(
      expect.objectContaining({ code: "scope_widened" }),
    )
  })
})

describe("decodeToken", () => {
  it("shows header and claims of any token of this form, signed by any key", () => {
    const decoded = decodeToken(signToken(claims, otherKey))
    expect(decoded).toEqual({ header: { alg: "EdDSA", typ: "JWT", kid: otherKey.keyId }, claims })
  })

  it.each(["", "a.b.c", token.slice(1), `${token}.`])("refuses %j", (text) => {
    expect(() => decodeToken(text)).toThrow(CoreError)
  })
})

describe("properties", () => {
  it("any flipped bit of the token's text is refused", () => {
    for (let bit = 0; bit < token.length * 8; bit++) {
      const flipped =
        token.slice(0, bit >> 3) +
        String.fromCharCode(token.charCodeAt(bit >> 3) ^ (1 << (bit & 7))) +
        token.slice((bit >> 3) + 1)
      expect(() => verifyToken(flipped, findKey), `bit ${bit}`).toThrow(CoreError)
    }
  })

  it("any flipped bit of what the token encodes is refused", () => {
    const parts = token
      .split(".")
      .map((part) => Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)))
    for (const [p, part] of parts.entries()) {
      for (let bit = 0; bit < part.length * 8; bit++) {
        const flipped = parts.map((bytes) => Uint8Array.from(bytes))
        const target = flipped[p] ?? new Uint8Array()
        target[bit >> 3] = (target[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(() => verifyToken(flipped.map(encodeBase64Url).join("."), findKey), `part ${p}, bit ${bit}`).toThrow(
          CoreError,
        )
      }
    }
  })

  it("a token with anything removed, added or replaced is refused", () => {
    const edit = fc.record({ at: fc.nat(token.length), remove: fc.nat(3), insert: fc.string({ maxLength: 3 }) })
    fc.assert(
      fc.property(edit, ({ at, remove, insert }) => {
        const edited = token.slice(0, at) + insert + token.slice(at + remove)
        if (edited !== token) expect(() => verifyToken(edited, findKey)).toThrow(CoreError)
      }),
      { numRuns: 1000 },
    )
  })

  it("only a CoreError is thrown for any text, even a correctly signed one", () => {
    const anyText = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.array(fc.base64String(), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(".")),
      fc.uint8Array({ maxLength: 300 }).map(withPayload),
      fc.json().map((text) => withPayload(text)),
      fc.jsonValue().map((value) => withPayload(JSON.stringify(value))),
      fc
        .tuple(
          fc.constantFrom(...(Object.keys(delegatedClaims(chainOf("read:data:*"))) as (keyof Claims)[])),
          fc.jsonValue(),
        )
        .map(([name, value]) =>
          withPayload(JSON.stringify({ ...delegatedClaims(chainOf("read:data:*")), [name]: value })),
        ),
    )
    let refused = 0
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          verifyToken(text, findKey)
        } catch (error) {
          refused++
          expect(error).toBeInstanceOf(CoreError)
          expect((error as CoreError).code).toMatch(/^[a-z_]+$/)
        }
        try {
          decodeToken(text)
        } catch (error) {
          expect(error).toBeInstanceOf(CoreError)
        }
      }),
      { numRuns: 1000 },
    )
    expect(refused).toBeGreaterThan(750)
  })

  it.each([[undefined], [null], [7], [{}], [[token]], [new String(token)]])(
    "only a CoreError is thrown for %j",
    (value) => {
      expect(() => verifyToken(value as string, findKey)).toThrow(CoreError)
      expect(() => decodeToken(value as string)).toThrow(CoreError)
    },
  )
})

describe("jose", () => {
  it("verifies our tokens by our JWK", async () => {
    const publicKey = await importJWK({ ...toJwk(key) }, "EdDSA")
    const { payload, protectedHeader } = await jwtVerify(token, publicKey, {
      algorithms: ["EdDSA"],
      issuer: claims.iss,
      audience: "api",
      currentDate: new Date(NOW * 1000),
    })
    expect(payload).toEqual(claims)
    expect(protectedHeader).toEqual({ alg: "EdDSA", typ: "JWT", kid: key.keyId })
  })

  it("signs tokens that we verify, when it writes our header", async () => {
    const seed = new Uint8Array(32).fill(7)
    const privateKey = await importJWK({ ...toJwk(key), d: encodeBase64Url(seed) }, "EdDSA")
    const sign = (header: { alg: string; typ?: string; kid?: string }) =>
      new SignJWT({ ...claims }).setProtectedHeader(header).sign(privateKey)
    const theirs = await sign({ alg: "EdDSA", typ: "JWT", kid: key.keyId })
    expect(verifyToken(theirs, findKey).claims).toEqual(claims)
    const other = await sign({ alg: "EdDSA", kid: key.keyId, typ: "JWT" })
    expect(() => verifyToken(other, findKey)).toThrow(expect.objectContaining({ code: "wrong_header" }))
  })
})
