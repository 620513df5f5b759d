import { createHmac } from "node:crypto"
import { START } from "@agentwrit/testing/settable-clock"
import { describe, expect, test } from "vitest"
import { Nonces } from "../../src/agents/nonce.ts"

const key = new Uint8Array(64).fill(7)
const nonces = new Nonces(key)

/** The reason for which a nonce is refused. */
function refusal(nonce: string, now: number, verifier = nonces): string | undefined {
  try {
    verifier.verify(nonce, now)
    return undefined
  } catch (error) {
    expect(error).toMatchObject({ code: "unauthorized", detail: "registration failed" })
    return (error as Error).message
  }
}

describe("a nonce", () => {
  test.each([0, 1, START, 2 ** 32 - 30_001, 2 ** 32 - 30_000, 2 ** 32 + 5, 2 ** 47])(
    "made at %d contains its expiry, ten random bytes, and their MAC",
    (now) => {
      const nonce = nonces.issue(now)
      expect(nonce).toMatch(/^[0-9a-f]{64}$/)
      expect(Number.parseInt(nonce.slice(0, 12), 16)).toBe(now + 30_000)
      const mac = createHmac("sha256", key)
        .update(Buffer.from(nonce.slice(0, 32), "hex"))
        .digest("hex")
      expect(nonce.slice(32)).toBe(mac.slice(0, 32))
      const bytes = Uint8Array.from(Buffer.from(nonce, "hex"))
      expect(nonces.verify(nonce, now)).toEqual({ bytes, expiresAt: now + 30_000 })
    },
  )

  test.each([0, 1, 63, 64, 65, 200])("has the HMAC of its first half by a key of %d bytes", (length) => {
    const longKey = new Uint8Array(length).fill(9)
    const nonce = new Nonces(longKey).issue(START)
    const mac = createHmac("sha256", longKey).update(nonce.slice(0, 32), "hex").digest("hex")
    expect(nonce.slice(32)).toBe(mac.slice(0, 32))
  })

  test("counts whole milliseconds", () => {
    expect(nonces.issue(START + 0.7).slice(0, 12)).toBe(nonces.issue(START).slice(0, 12))
  })

  test("differs from all others in each of its random bytes", () => {
    const made = Array.from({ length: 500 }, () => Buffer.from(nonces.issue(START), "hex"))
    for (let at = 6; at < 16; at++) expect(new Set(made.map((nonce) => nonce[at])).size).toBeGreaterThan(100)
    expect(new Set(made.map((nonce) => nonce.toString("hex"))).size).toBe(500)
  })

  test.each([
    [29_999, undefined],
    [30_000, "nonce expired 0 s ago"],
    [75_000, "nonce expired 45 s ago"],
    [-1, "nonce is from the future"],
    [-3_600_000, "nonce is from the future"],
  ])("%d ms after its issue: %s", (passed, reason) => {
    expect(refusal(nonces.issue(START), START + passed)).toBe(reason)
  })

  test("is refused with any bit flipped, and by another key", () => {
    const nonce = Buffer.from(nonces.issue(START), "hex")
    for (let bit = 0; bit < 256; bit++) {
      const flipped = Buffer.from(nonce)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(refusal(flipped.toString("hex"), START)).toBe("nonce was not made by this broker")
    }
    const others = new Nonces(new Uint8Array(64).fill(8))
    expect(refusal(nonce.toString("hex"), START, others)).toBe("nonce was not made by this broker")
  })

  test("is refused in any other spelling", () => {
    const nonce = nonces.issue(START)
    for (const text of ["", nonce.slice(1), `${nonce}0`, `${nonce}\n`, nonce.replace(/.$/, "g"), "A".repeat(64)])
      expect(refusal(text, START)).toBe("nonce is not 64 lower-case hex characters")
  })
})
