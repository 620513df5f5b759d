import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import {
  canonicalJson,
  chainHash,
  DelegationError,
  type DelegationRecord,
  decodeHex,
  encodeHex,
  encodeUtf8,
  extendChain,
  MAX_DELEGATION_DEPTH,
  verifyDelegation,
} from "../src/index.ts"
import { agentClaims, agentId, chainOf, delegatedClaims, key, otherKey } from "./samples.ts"

const time = "2027-01-15T08:00:00.000Z"
const jti = "a".repeat(32)
const chain = chainOf("read:data:*", "read:data:*", "read:data:7")
const claims = delegatedClaims(chain, { scope: ["read:data:7"] })

/** The chain with one record changed, and the hash made right again. */
function changed(position: number, change: Partial<DelegationRecord>): Parameters<typeof verifyDelegation>[0] {
  return delegatedClaims(
    chain.map((record, i) => (i === position ? { ...record, ...change } : record)),
    { scope: claims.scope },
  )
}

/** A chain of signed records of version 1, created without any check. */
function signedChain(records: readonly Partial<DelegationRecord>[]): DelegationRecord[] {
  const made: DelegationRecord[] = []
  for (const [i, record] of records.entries()) {
    const unsigned = { agent: agentId(i + 1), scope: ["read:data:*"], delegated_at: time, ...record }
    const prev = i === 0 ? "0".repeat(64) : sha256Hex(canonicalJson(made.map((one) => ({ ...one }))))
    const signature = encodeHex(
      key.sign(encodeUtf8(canonicalJson({ v: "agentwrit-delegation-v1", ...unsigned, prev }))),
    )
    made.push({ ...unsigned, signature })
  }
  return made
}

function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

describe("extendChain", () => {
  it("signs exactly the text of CONTRACT 2, written here by hand", () => {
    const appId = "app-crm-0a1b2c"
    const [first, second] = extendChain(
      extendChain([], { agent: agentId(1), appId, scope: ["read:data:*"], delegatedAt: new Date(time), jti }, key),
      { agent: agentId(2), scope: ["read:data:7"], delegatedAt: time, jti },
      key,
    )
    const start = (n: number) => `{"agent":"${agentId(n)}",`
    const signed = `"delegated_at":"${time}","jti":"${jti}","kid":"${key.keyId}"`
    const prev = sha256Hex(
      `[${start(1)}"app_id":"${appId}",${signed},"scope":["read:data:*"],"signature":"${first?.signature}"}]`,
    )
    const version = `"v":"agentwrit-delegation-v2"}`
    const firstText = `${start(1)}"app_id":"${appId}",${signed},"prev":"${"0".repeat(64)}","scope":["read:data:*"],${version}`
    const secondText = `${start(2)}${signed},"prev":"${prev}","scope":["read:data:7"],${version}`
    expect(key.verify(encodeUtf8(firstText), decodeHex(first?.signature ?? ""))).toBe(true)
    expect(key.verify(encodeUtf8(secondText), decodeHex(second?.signature ?? ""))).toBe(true)
    expect(first && chainHash([first])).toBe(prev)
  })

  it("hashes the RFC 8785 form of the whole array", () => {
    expect(chainHash(chain)).toBe(sha256Hex(canonicalJson(chain.map((record) => ({ ...record })))))
    expect(chainHash([])).toBe(sha256Hex("[]"))
  })

  it("does not change the chain that it extends", () => {
    const before = structuredClone(chain)
    const longer = extendChain(chain, { agent: agentId(4), scope: ["read:data:7"], delegatedAt: time, jti }, key)
    expect(chain).toEqual(before)
    expect(longer.slice(0, 3)).toEqual(chain)
    expect(longer).toHaveLength(4)
  })

  it("stops at depth 5", () => {
    const full = chainOf(...Array.from({ length: MAX_DELEGATION_DEPTH }, () => "read:data:*"))
    expect(full).toHaveLength(5)
    expect(() => extendChain(full, { agent: agentId(6), scope: ["read:data:*"], delegatedAt: time, jti }, key)).toThrow(
      expect.objectContaining({ code: "delegation_too_deep" }),
    )
  })

  it.each([
    ["a delegator who would hold more than it was given", { scope: ["read:data:8"] }, "scope_widened"],
    ["an agent that is not an agent id", { agent: "admin" }, "invalid_delegation"],
    ["a text that is not a scope", { scope: ["read"] }, "invalid_delegation"],
    ["no scope", { scope: [] }, "invalid_delegation"],
    ["a jti that is not one", { jti: "7" }, "invalid_delegation"],
    ["an app id that is not one", { appId: "crm" }, "invalid_delegation"],
    ["a time without milliseconds", { delegatedAt: "2027-01-15T08:00:00Z" }, "invalid_delegation"],
    ["a time that does not exist", { delegatedAt: "2027-02-30T08:00:00.000Z" }, "invalid_delegation"],
    ["a date that is none", { delegatedAt: new Date(Number.NaN) }, "invalid_delegation"],
    ["a date beyond four digits", { delegatedAt: new Date(8.64e15) }, "invalid_delegation"],
  ])("refuses %s", (_name, change, code) => {
    const step = { agent: agentId(4), scope: ["read:data:7"], delegatedAt: time, jti, ...change }
    expect(() => extendChain(chain, step, key)).toThrow(DelegationError)
    expect(() => extendChain(chain, step, key)).toThrow(expect.objectContaining({ code }))
  })
})

describe("verifyDelegation", () => {
  it("accepts chains of every depth up to 5", () => {
    verifyDelegation(agentClaims(), () => key)
    for (let depth = 1; depth <= MAX_DELEGATION_DEPTH; depth++) {
      const scopes = Array.from({ length: depth }, () => "read:data:*")
      expect(() => verifyDelegation(delegatedClaims(chainOf(...scopes)), () => key)).not.toThrow()
    }
  })

  it("refuses a chain of 6 correctly signed records", () => {
    const deep = signedChain(Array.from({ length: 6 }, () => ({})))
    expect(() => verifyDelegation(delegatedClaims(deep.slice(0, 5)), () => key)).not.toThrow()
    expect(() => verifyDelegation(delegatedClaims(deep), () => key)).toThrow(
      expect.objectContaining({ code: "delegation_too_deep" }),
    )
  })

  it.each([
    ["agent", { agent: agentId(9) }],
    ["scope, still narrowing", { scope: ["read:data:7", "read:data:8"] }],
    ["time", { delegated_at: "2027-01-15T08:00:00.001Z" }],
    ["jti", { jti: "b".repeat(32) }],
    ["app", { app_id: "app-crm-0a1b2c" }],
    ["signature", { signature: "0".repeat(128) }],
  ])("refuses a changed %s at any position, with a recomputed hash", (_name, change) => {
    expect(() => verifyDelegation(changed(1, change), () => key)).toThrow(
      expect.objectContaining({ code: "bad_delegation_signature" }),
    )
    if (!("scope" in change)) {
      expect(() => verifyDelegation(changed(0, change), () => key)).toThrow(
        expect.objectContaining({ code: "bad_delegation_signature" }),
      )
      expect(() => verifyDelegation(changed(2, change), () => key)).toThrow(
        expect.objectContaining({ code: "bad_delegation_signature" }),
      )
    }
  })

  it("refuses every flipped bit of a signature", () => {
    const signature = decodeHex(chain[2]?.signature ?? "")
    for (let bit = 0; bit < 512; bit += 7) {
      const flipped = Uint8Array.from(signature)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => verifyDelegation(changed(2, { signature: encodeHex(flipped) }), () => key)).toThrow(
        expect.objectContaining({ code: "bad_delegation_signature" }),
      )
    }
  })

  it("refuses records dropped, swapped, repeated or taken from another chain", () => {
    const [a, b, c] = chain
    if (!a || !b || !c) throw new Error("the sample chain has three records")
    const same = chainOf("read:data:*", "read:data:*", "read:data:*")
    const [x, y, z] = same
    if (!x || !y || !z) throw new Error("the sample chain has three records")
    for (const wrong of [[b, c], [a, c], [y, x], [x, z, y], [x, x], [x, y, y], [y], [z]]) {
      const made = delegatedClaims(wrong, { scope: ["read:data:7"] })
      expect(() => verifyDelegation(made, () => key)).toThrow(
        expect.objectContaining({ code: "bad_delegation_signature" }),
      )
    }
  })

  it("refuses a cut chain, because its hash does not match", () => {
    const cut = { ...claims, delegation_chain: chain.slice(0, 2) }
    expect(() => verifyDelegation(cut, () => key)).toThrow(expect.objectContaining({ code: "chain_hash_mismatch" }))
  })

  it("refuses another hash", () => {
    expect(() => verifyDelegation({ ...claims, chain_hash: "0".repeat(64) }, () => key)).toThrow(
      expect.objectContaining({ code: "chain_hash_mismatch" }),
    )
  })

  it("refuses a chain without hash and a hash without chain", () => {
    const { chain_hash, ...noHash } = claims
    const { delegation_chain, ...noChain } = claims
    expect(() => verifyDelegation(noHash, () => key)).toThrow(expect.objectContaining({ code: "chain_hash_mismatch" }))
    expect(() => verifyDelegation(noChain, () => key)).toThrow(expect.objectContaining({ code: "invalid_delegation" }))
  })

  it("refuses a token with more scope than the last delegator", () => {
    const wider = delegatedClaims(chain, { scope: ["read:data:7", "write:data:7"] })
    expect(() => verifyDelegation(wider, () => key)).toThrow(
      expect.objectContaining({
        code: "scope_widened",
        message: expect.stringContaining("scope write:data:7 not covered by read:data:7"),
      }),
    )
  })

  it("refuses a signed record with more scope than the one before it", () => {
    const widened = signedChain([{ scope: ["read:data:7"] }, { scope: ["read:data:*"] }])
    expect(() => verifyDelegation(delegatedClaims(widened, { scope: ["read:data:7"] }), () => key)).toThrow(
      expect.objectContaining({
        code: "scope_widened",
        message: expect.stringContaining("scope read:data:* not covered by read:data:7"),
      }),
    )
  })

  it("refuses records of a key that is not found, and asks for each record's key", () => {
    const asked: DelegationRecord[] = []
    verifyDelegation(claims, (record) => {
      asked.push(record)
      return key
    })
    expect(asked).toEqual(chain)
    expect(() => verifyDelegation(claims, () => undefined)).toThrow(
      expect.objectContaining({ code: "bad_delegation_signature" }),
    )
  })

  it("refuses records signed by another key", () => {
    expect(() => verifyDelegation(claims, () => otherKey)).toThrow(
      expect.objectContaining({ code: "bad_delegation_signature" }),
    )
  })

  it("refuses a record signed without its version or previous hash, or for another position", () => {
    const unsigned = { agent: agentId(1), scope: ["read:data:*"], delegated_at: time }
    for (const document of [
      { ...unsigned, prev: "0".repeat(64) },
      { v: "agentwrit-delegation-v1", ...unsigned },
      { v: "agentwrit-delegation-v2", ...unsigned, prev: "0".repeat(64) },
      { v: "agentwrit-delegation-v1", ...unsigned, prev: "1".repeat(64) },
    ]) {
      const signature = encodeHex(key.sign(encodeUtf8(canonicalJson(document))))
      expect(() => verifyDelegation(delegatedClaims([{ ...unsigned, signature }]), () => key)).toThrow(
        expect.objectContaining({ code: "bad_delegation_signature" }),
      )
    }
  })

  it.each([
    ["a member more", { note: "x" }],
    ["an agent that is not an agent id", { agent: "admin" }],
    ["a text that is not a scope", { scope: ["read:data"] }],
    ["no scope", { scope: [] }],
    ["scope as text", { scope: "read:data:*" }],
    ["a time without milliseconds", { delegated_at: "2027-01-15T08:00:00Z" }],
    ["a time with an offset", { delegated_at: "2027-01-15T08:00:00.000+00:00" }],
    ["a time in lower case", { delegated_at: "2027-01-15t08:00:00.000z" }],
    ["a day that does not exist", { delegated_at: "2027-02-29T08:00:00.000Z" }],
    ["hour 24", { delegated_at: "2027-01-15T24:00:00.000Z" }],
    ["a leap second", { delegated_at: "2027-01-15T08:00:60.000Z" }],
    ["an upper-case signature", { signature: chain[0]?.signature.toUpperCase() }],
    ["a short signature", { signature: "00" }],
  ])("refuses a correctly signed record with %s", (_name, change) => {
    const records = signedChain([change as Partial<DelegationRecord>]).map((record) => ({
      ...record,
      ...(change as object),
    }))
    expect(() =>
      verifyDelegation({ ...claims, delegation_chain: records, chain_hash: chainHash(records) }, () => key),
    ).toThrow(expect.objectContaining({ code: "invalid_delegation" }))
  })
})

describe("a record of a chain", () => {
  const [record] = chain
  it.each([
    ["null", null, "is not a JSON object"],
    ["a list of four", [1, 2, 3, 4], "is not a JSON object"],
    ["a text of four characters", "four", "is not a JSON object"],
    ["one text that is not a scope", { ...record, scope: ["read:data:7", "*"] }, "not an array of scopes"],
  ])("that is or contains %s is refused with its position", (_name, second, fault) => {
    const claims = delegatedClaims(chain, { delegation_chain: [record, second] as DelegationRecord[] })
    expect(() => verifyDelegation(claims, () => key)).toThrow(
      expect.objectContaining({
        code: "invalid_delegation",
        message: expect.stringMatching(`delegation record 2 .*${fault}`),
      }),
    )
  })
})
