import { createHmac } from "node:crypto"
import { createSigningKey } from "@agentwrit/core"
import { describe, expect, test } from "vitest"
import { NonceMint } from "../src/nonce.ts"
import { START } from "../src/store-suite/fixtures.ts"

const signingKey = createSigningKey(new Uint8Array(32).fill(7))
const mint = new NonceMint(signingKey)

describe("a nonce", () => {
  test.each([0, 1, START, 2 ** 32 - 30_001, 2 ** 32 - 30_000, 2 ** 32 + 5, 2 ** 47])(
    "made at %d holds its end, ten random bytes, and their MAC under a key of the broker's alone",
    (now) => {
      const nonce = mint.issue(now)
      expect(nonce).toMatch(/^[0-9a-f]{64}$/)
      expect(Number.parseInt(nonce.slice(0, 12), 16)).toBe(now + 30_000)
      const macKey = signingKey.sign(new TextEncoder().encode("agentwrit-nonce-key-v1"))
      const mac = createHmac("sha256", macKey)
        .update(Buffer.from(nonce.slice(0, 32), "hex"))
        .digest("hex")
      expect(nonce.slice(32)).toBe(mac.slice(0, 32))
      expect(mint.recognise(nonce, now)).toEqual({
        bytes: Uint8Array.from(Buffer.from(nonce, "hex")),
        expiresAt: now + 30_000,
      })
    },
  )

  test("is of whole milliseconds, whatever the clock says", () => {
    expect(mint.issue(START + 0.7).slice(0, 12)).toBe(mint.issue(START).slice(0, 12))
  })

  test("differs from all others in each of its random bytes", () => {
    const nonces = Array.from({ length: 500 }, () => Buffer.from(mint.issue(START), "hex"))
    for (let at = 6; at < 16; at++) expect(new Set(nonces.map((nonce) => nonce[at])).size).toBeGreaterThan(100)
    expect(new Set(nonces.map((nonce) => nonce.toString("hex"))).size).toBe(500)
  })

  test.each([
    [29_999, undefined],
    [30_000, "nonce expired 0 s ago"],
    [75_000, "nonce expired 45 s ago"],
    [-1, "nonce lies ahead of the clock"],
    [-3_600_000, "nonce lies ahead of the clock"],
  ])("%d ms after it was made: %s", (passed, fault) => {
    const found = mint.recognise(mint.issue(START), START + passed)
    expect("fault" in found ? found.fault : undefined).toBe(fault)
  })

  test("with a bit flipped, or of another broker, is none", () => {
    const nonce = Buffer.from(mint.issue(START), "hex")
    const refused = { fault: "nonce was not made by this broker" }
    for (let bit = 0; bit < 256; bit++) {
      const flipped = Buffer.from(nonce)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(mint.recognise(flipped.toString("hex"), START)).toEqual(refused)
    }
    const other = new NonceMint(createSigningKey(new Uint8Array(32).fill(8)))
    expect(other.recognise(nonce.toString("hex"), START)).toEqual(refused)
  })

  test("in another spelling is none", () => {
    const nonce = mint.issue(START)
    for (const text of ["", nonce.slice(1), `${nonce}0`, `${nonce}\n`, nonce.replace(/.$/, "g"), "A".repeat(64)])
      expect(mint.recognise(text, START)).toEqual({ fault: "nonce is not 64 lower-case hex characters" })
  })
})
