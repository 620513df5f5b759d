import { inspect } from "node:util"
import { verify as nobleVerify, Point } from "@noble/ed25519"
import { sha512 } from "@noble/hashes/sha2.js"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as bounds from "../src/ed25519-bounds.ts"
import { createSigningKey, createVerifyingKey, decodeHex, encodeHex, encodeUtf8, KeyError } from "../src/index.ts"
import * as native from "../src/platform/node.ts"
import * as portable from "../src/platform/portable.ts"
import type { PlatformPrimitives } from "../src/platform/primitives.ts"
import { rfc8032Vectors } from "./rfc8032-vectors.ts"
import { type Ed25519Vectors, hasSharedVectors, readCctvVectors, readSharedVectors } from "./shared-vectors.ts"
import { verdictsOf } from "./verdicts.ts"

const { p: PRIME, n: ORDER } = Point.CURVE()

const platforms: readonly (readonly [string, PlatformPrimitives])[] = [
  ["native", native],
  ["portable", portable],
]

/** Whether a signature is valid. Both platforms and the package itself must agree. */
function verdict(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const verdicts = verdictsOf({ bounds, native, portable, createVerifyingKey }, publicKey, message, signature)
  expect(
    new Set(verdicts).size,
    `verdicts differ on ${encodeHex(publicKey)} ${encodeHex(signature)}: ${verdicts}`,
  ).toBe(1)
  return verdicts.every(Boolean)
}

describe.each(platforms)("RFC 8032 section 7.1, %s", (_name, platform) => {
  it.each(rfc8032Vectors)("$name", (vector) => {
    const signer = platform.importSigner(decodeHex(vector.seed))
    expect(encodeHex(signer.publicKey)).toBe(vector.publicKey)
    expect(encodeHex(signer.sign(decodeHex(vector.message)))).toBe(vector.signature)
    expect(
      platform.importVerifier(decodeHex(vector.publicKey))(decodeHex(vector.message), decodeHex(vector.signature)),
    ).toBe(true)
  })
})

describe.skipIf(!hasSharedVectors)("wycheproof", () => {
  const { testGroups } = hasSharedVectors
    ? readSharedVectors<Ed25519Vectors>("wycheproof-ed25519_test.json")
    : { testGroups: [] }
  const cases = testGroups.flatMap(({ publicKey, tests }) => tests.map((test) => ({ pk: publicKey.pk, ...test })))

  it("has all its cases", () => {
    expect(cases).toHaveLength(151)
  })

  it.each(cases)("case $tcId, $comment: $result", ({ pk, msg, sig, result }) => {
    expect(verdict(decodeHex(pk), decodeHex(msg), decodeHex(sig))).toBe(result === "valid")
  })
})

describe.skipIf(!hasSharedVectors)("CCTV", () => {
  it("keys and R of small order, non-canonical encodings and cofactored solutions are refused, all else is accepted", () => {
    const cases = readCctvVectors()
    for (const { name, publicKey, message, signature, valid } of cases)
      expect(verdict(decodeHex(publicKey), decodeHex(message), decodeHex(signature)), name).toBe(valid)
    expect(cases).toHaveLength(914)
  })
})

/**
 * The eight points of small order: multiples of a point of order 8, found by clearing the large factor from points of
 * the curve.
 */
const torsion: readonly Point[] = (() => {
  for (let y = 2n; ; y++) {
    try {
      const point = Point.fromBytes(bytesOf(y))
      const generator = point.multiply(ORDER - 1n, false).add(point)
      if (!generator.double().double().is0()) {
        return Array.from({ length: 8 }, (_, i) => (i === 0 ? Point.ZERO : generator.multiply(BigInt(i), false)))
      }
    } catch {
      // There is no point with this y.
    }
  }
})()

describe("public keys", () => {
  it("of small order are refused in every encoding", () => {
    expect(new Set(torsion.map((point) => point.toHex())).size).toBe(8)
    for (const point of torsion) {
      for (const sign of [0x00, 0x80]) {
        const bytes = point.toBytes()
        bytes[31] = ((bytes[31] ?? 0) & 0x7f) | sign
        expect(() => createVerifyingKey(bytes)).toThrow(
          expect.objectContaining({ code: "invalid_public_key", message: expect.stringContaining("small order") }),
        )
      }
    }
  })

  it("that are not canonical are refused: all 19, with both signs; the largest canonical one is accepted", () => {
    for (let y = PRIME; y < 2n ** 255n; y++) {
      for (const sign of [0n, 2n ** 255n]) {
        expect(() => createVerifyingKey(bytesOf(y + sign))).toThrow(
          expect.objectContaining({ message: expect.stringContaining("canonical") }),
        )
      }
    }
    expect(bounds.publicKeyFault(bytesOf(PRIME - 2n))).toBeUndefined()
    expect(bounds.publicKeyFault(bytesOf(PRIME - 2n + 2n ** 255n))).toBeUndefined()
    expect(bounds.publicKeyFault(bytesOf(2n))).toBeUndefined()
  })

  it.each([0, 31, 33, 64])("of %i bytes are refused", (length) => {
    const key = new Uint8Array(length).fill(9)
    expect(() => createVerifyingKey(key)).toThrow(KeyError)
    expect(() => createVerifyingKey(key)).toThrow(`${length} bytes long`)
  })

  it("that are all zeros are refused", () => {
    expect(() => createVerifyingKey(new Uint8Array(32))).toThrow(KeyError)
  })

  it("off the curve verify nothing", () => {
    let found = 0
    for (let y = 2n; found < 20; y++) {
      try {
        Point.fromBytes(bytesOf(y))
      } catch {
        found++
        expect(verdict(bytesOf(y), encodeUtf8("m"), new Uint8Array(64))).toBe(false)
      }
    }
  })
})

describe("cofactorless verification", () => {
  /** A signature under A = aB + T. It is valid when the factor of T vanishes, which depends on k mod 8. */
  function signWithTorsion(
    a: bigint,
    r: bigint,
    publicKey: Uint8Array,
    rTorsion: Point,
    message: Uint8Array,
  ): Uint8Array {
    const encodedR = Point.BASE.multiply(r).add(rTorsion).toBytes()
    const k = numberOf(sha512.create().update(encodedR).update(publicKey).update(message).digest()) % ORDER
    const signature = new Uint8Array(64)
    signature.set(encodedR)
    signature.set(bytesOf((r + k * a) % ORDER), 32)
    return signature
  }

  it("agrees with OpenSSL on keys of mixed order, where noble's own verify does not", () => {
    let accepted = 0
    let nobleDisagrees = 0
    for (const [i, t] of torsion.entries()) {
      for (let j = 0; j < 16; j++) {
        const a = 1_000_003n * BigInt(i + 1)
        const publicKey = Point.BASE.multiply(a).add(t).toBytes()
        const message = encodeUtf8(`message ${i} ${j}`)
        const rTorsion = torsion[j % 8] ?? Point.ZERO
        const signature = signWithTorsion(a, 77n + BigInt(j), publicKey, rTorsion, message)
        const accepts = verdict(publicKey, message, signature)
        if (accepts) accepted++
        if (accepts !== nobleVerify(signature, message, publicKey, { zip215: false })) nobleDisagrees++
        // Without torsion it is an ordinary valid signature.
        if (t.is0() && rTorsion.is0()) expect(accepts).toBe(true)
      }
    }
    expect(accepted).toBeGreaterThan(2)
    expect(accepted).toBeLessThan(64)
    expect(nobleDisagrees).toBeGreaterThan(40)
  })

  it("accepts S from 0 to L - 1, in 64 bytes", () => {
    const withS = (s: bigint) => Uint8Array.of(...new Uint8Array(32).fill(255), ...bytesOf(s))
    for (const s of [0n, 1n, ORDER - 256n, ORDER - 1n]) expect(bounds.isAcceptableSignature(withS(s))).toBe(true)
    for (const s of [ORDER, ORDER + 1n, 2n ** 256n - 1n]) expect(bounds.isAcceptableSignature(withS(s))).toBe(false)
    for (const length of [0, 32, 63, 65]) expect(bounds.isAcceptableSignature(new Uint8Array(length))).toBe(false)
  })

  it("refuses S + L, a second encoding of the same signature", () => {
    const key = createSigningKey(new Uint8Array(32).fill(1))
    const message = encodeUtf8("m")
    const signature = key.sign(message)
    const s = numberOf(signature.subarray(32))
    const respelled = Uint8Array.from(signature)
    respelled.set(bytesOf(s + ORDER), 32)
    expect(verdict(key.publicKey, message, signature)).toBe(true)
    expect(verdict(key.publicKey, message, respelled)).toBe(false)
    expect(bounds.isAcceptableSignature(respelled)).toBe(false)
  })

  it.each([0, 63, 65])("refuses a signature of %i bytes", (length) => {
    const key = createSigningKey(new Uint8Array(32).fill(1))
    expect(key.verify(encodeUtf8("m"), new Uint8Array(length))).toBe(false)
  })

  it("refuses flipped bits and random bytes on all platforms", () => {
    const key = createSigningKey(new Uint8Array(32).fill(3))
    const message = encodeUtf8("the message")
    const whole = Uint8Array.of(...key.publicKey, ...key.sign(message), ...message)
    fc.assert(
      fc.property(fc.nat(whole.length * 8 - 1), (bit) => {
        const flipped = Uint8Array.from(whole)
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(verdict(flipped.slice(0, 32), flipped.slice(96), flipped.slice(32, 96))).toBe(false)
      }),
      { numRuns: 300 },
    )
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(bytes(32), fc.uint8Array(), bytes(64), (publicKey, anything, signature) => {
        signature[63] = (signature[63] ?? 0) & 0x0f
        expect(verdict(publicKey, anything, signature)).toBe(false)
      }),
      { numRuns: 100 },
    )
  })

  it("accepts on each platform the signatures of the other", () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(seeds, fc.uint8Array(), (seed, message) => {
        const signature = native.importSigner(seed).sign(message)
        expect(portable.importSigner(seed).sign(message)).toEqual(signature)
        expect(verdict(native.importSigner(seed).publicKey, message, signature)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})

describe("a signing key", () => {
  const seed = decodeHex(rfc8032Vectors[0]?.seed ?? "")

  it("never shows its seed", () => {
    const key = createSigningKey(seed)
    const shown = [
      String(key),
      JSON.stringify(key),
      inspect(key, { depth: 9, showHidden: true, getters: true }),
      Object.values(key).join(),
      Object.getOwnPropertyNames(key).join(),
    ].join("\n")
    expect(shown).not.toContain(encodeHex(seed))
    expect(shown).not.toContain([...seed].join(","))
    expect(shown).not.toContain([...seed].join(", "))
    expect(Object.keys(key)).toEqual([])
  })

  it("does not change when the caller wipes the seed or writes to a public key it was given", () => {
    const own = Uint8Array.from(seed)
    const key = createSigningKey(own)
    own.fill(0)
    key.publicKey.fill(0)
    expect(encodeHex(key.publicKey)).toBe(rfc8032Vectors[0]?.publicKey)
    expect(encodeHex(key.sign(new Uint8Array()))).toBe(rfc8032Vectors[0]?.signature)
    const publicKey = key.publicKey
    const verifying = createVerifyingKey(publicKey)
    publicKey.fill(0)
    expect(verifying.publicKey).toEqual(key.publicKey)
    expect(verifying.verify(new Uint8Array(), key.sign(new Uint8Array()))).toBe(true)
  })

  it.each([0, 31, 33, 64])("cannot be created from %i bytes", (length) => {
    expect(() => createSigningKey(new Uint8Array(length))).toThrow(TypeError)
  })

  it("cannot be created from text", () => {
    expect(() => createSigningKey("a".repeat(32) as never)).toThrow(TypeError)
  })
})

function bytesOf(number: bigint): Uint8Array {
  return decodeHex(number.toString(16).padStart(64, "0")).reverse()
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${encodeHex(bytes.toReversed())}`)
}
