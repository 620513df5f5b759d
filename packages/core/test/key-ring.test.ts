import { describe, expect, it } from "vitest"
import { createKeyRing, createSigningKey, parseJwkSet, signToken, toJwkSet, verifyToken } from "../src/index.ts"
import { agentClaims, key, otherKey } from "./samples.ts"

describe("createKeyRing", () => {
  it("finds and publishes the current key when it holds no other", () => {
    const ring = createKeyRing({ current: key })
    expect(ring.current).toBe(key)
    expect(ring.find(key.keyId)).toBe(key)
    expect(ring.published()).toEqual([key])
  })

  it("publishes the current key first and finds every key by its id", () => {
    const ring = createKeyRing({ current: otherKey, others: [key] })
    expect(ring.published()).toEqual([otherKey, key])
    expect(ring.find(key.keyId)).toBe(key)
    expect(ring.find(otherKey.keyId)).toBe(otherKey)
    expect(ring.find(createSigningKey(new Uint8Array(32).fill(9)).keyId)).toBeUndefined()
  })

  it("verifies tokens of the current and of a former key, and refuses those of a key that it does not hold", () => {
    const ring = createKeyRing({ current: otherKey, others: [key] })
    expect(verifyToken(signToken(agentClaims(), ring.current), ring.find).key).toBe(otherKey)
    expect(verifyToken(signToken(agentClaims(), key), ring.find).key).toBe(key)
    const foreign = signToken(agentClaims(), createSigningKey(new Uint8Array(32).fill(9)))
    expect(() => verifyToken(foreign, ring.find)).toThrow(expect.objectContaining({ code: "unknown_key" }))
  })

  it("publishes what a verifier reads back from the JWK set", () => {
    const ring = createKeyRing({ current: otherKey, others: [key] })
    const read = parseJwkSet(JSON.parse(JSON.stringify(toJwkSet(ring.published()))))
    expect(read.map(({ keyId }) => keyId)).toEqual([otherKey.keyId, key.keyId])
  })

  it("does not follow later changes of the array that it was given", () => {
    const others = [key]
    const ring = createKeyRing({ current: otherKey, others })
    others.length = 0
    expect(ring.published()).toEqual([otherKey, key])
  })

  it("refuses a key that is given twice", () => {
    expect(() => createKeyRing({ current: key, others: [createSigningKey(new Uint8Array(32).fill(7))] })).toThrow(
      TypeError,
    )
  })
})
