import { randomFillSync } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it, test } from "vitest"
import { RevocationSet, revocationDigest, revocationProbe } from "../src/index.ts"
import { adminClaims, agentClaims, chainOf, delegatedClaims } from "./samples.ts"

const digests = Array.from({ length: 3000 }, (_, i) => revocationDigest("task", `task-${i}`))

function digest(i: number): Uint8Array {
  const found = digests[i]
  if (found === undefined) throw new RangeError(`no digest ${i}`)
  return found
}

/** Calls pruneExpired until it has scanned the whole table twice. */
function pruneAll(set: RevocationSet, now: number): number {
  let pruned = 0
  for (let i = 0; i < 64; i++) pruned += set.pruneExpired(now, 1024)
  return pruned
}

describe("RevocationSet", () => {
  it("behaves like a map from digest to expiry", () => {
    const command = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          add: fc.nat(digests.length - 1),
          expiry: fc.option(fc.integer({ min: -5, max: 40 }), { nil: null }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ forget: fc.integer({ min: 0, max: 45 }), slots: fc.constantFrom(1, 7, 500, 100_000) }),
      },
    )
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 3000, size: "max" }), (commands) => {
        const set = new RevocationSet()
        const model = new Map<number, number>()
        for (const step of commands) {
          if ("add" in step) {
            set.add(digest(step.add), step.expiry)
            model.set(
              step.add,
              Math.max(model.get(step.add) ?? Number.NEGATIVE_INFINITY, step.expiry ?? Number.POSITIVE_INFINITY, 1),
            )
          } else {
            const before = set.size
            const pruned = set.pruneExpired(step.forget, step.slots)
            expect(set.size).toBe(before - pruned)
            for (const [i, expiry] of model) if (!set.has(digest(i)) && expiry <= step.forget) model.delete(i)
          }
        }
        expect(set.size).toBe(model.size)
        for (let i = 0; i < digests.length; i++) expect(set.has(digest(i))).toBe(model.has(i))
        pruneAll(set, 40)
        for (const [i, expiry] of model) expect(set.has(digest(i))).toBe(expiry > 40)
      }),
      // Shrinking thousands of commands takes minutes; the seed replays them as they are.
      { numRuns: 30, endOnFailure: true },
    )
  })

  it("keeps the later expiry of an entry that is added twice", () => {
    for (const [first, second] of [
      [10, 20],
      [20, 10],
      [10, null],
      [null, 10],
    ] as const) {
      const set = new RevocationSet()
      set.add(digest(0), first)
      set.add(digest(0), second)
      expect(set.size).toBe(1)
      pruneAll(set, 15)
      expect(set.has(digest(0))).toBe(true)
    }
  })

  it("prunes at the expiry, not before, and never an entry without one", () => {
    const set = new RevocationSet()
    set.add(digest(0), 100.2)
    set.add(digest(1), null)
    set.add(digest(2), 2 ** 40)
    set.add(digest(3), Number.POSITIVE_INFINITY)
    expect(pruneAll(set, 100.9)).toBe(0)
    expect(pruneAll(set, 101)).toBe(1)
    expect(pruneAll(set, 2 ** 50)).toBe(0)
    expect(set.size).toBe(3)
  })

  it("scans a limited part of the table in each call", () => {
    const set = new RevocationSet()
    for (let i = 0; i < 700; i++) set.add(digest(i), 1)
    const first = set.pruneExpired(10, 100)
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThan(400)
    expect(set.size).toBe(700 - first)
    expect(pruneAll(set, 10)).toBe(700 - first)
    expect(set.size).toBe(0)
  })

  it("scans the given number of slots", () => {
    const set = new RevocationSet()
    for (let i = 0; i < 700; i++) set.add(digest(i), 1)
    const turns = (slots: number) => {
      for (let i = 0; i < 1024; i++) set.pruneExpired(1, slots)
      return set.size
    }
    expect(turns(0)).toBe(700)
    expect(turns(1)).toBe(0)
  })

  it("prunes at second 1 what had expired before it was added", () => {
    const set = new RevocationSet()
    set.add(digest(0), -7)
    expect(pruneAll(set, 0)).toBe(0)
    expect(pruneAll(set, 1)).toBe(1)
  })

  it("distinguishes digests by each bit of their first 16 bytes, at every size", () => {
    const bits = Array.from({ length: 128 }, (_, bit) =>
      ofWords(Uint32Array.of(0, 0, 0, 0).with(bit >> 5, 1 << (bit & 31))),
    )
    const set = new RevocationSet()
    set.add(ofWords([0, 0, 0, 0]), null)
    for (const [i, each] of bits.entries()) {
      expect(set.has(each)).toBe(false)
      set.add(each, null)
      expect(set.size).toBe(i + 2)
    }
    for (let i = 0; i < digests.length; i++) set.add(digest(i), null)
    expect(set.size).toBe(1 + bits.length + digests.length)
    for (const each of [ofWords([0, 0, 0, 0]), ...bits]) expect(set.has(each)).toBe(true)
  })

  it("does not take an empty slot for the digest of zeros, before or after growth", () => {
    const set = new RevocationSet()
    expect(set.has(ofWords([0, 0, 0, 0]))).toBe(false)
    for (let i = 0; i < digests.length; i++) set.add(digest(i), null)
    expect(set.has(ofWords([0, 0, 0, 0]))).toBe(false)
  })

  it("does not become slow by digests that aim at one slot", () => {
    // With a quadratic search this takes minutes, and the test times out.
    const random = uniqueWords(30_000)
    const places = [0, 1, 2, 3]
    for (const i of places) {
      // If the words were added up as they are, those with i and j would all have the same sum.
      for (const j of places) fill(random.map((word) => places.map((at) => (at === i ? word : at === j ? -word : 0))))
    }
  })

  it.each([
    [98_304, 131_072],
    [98_305, 262_144],
  ])("allocates for %i expected digests %i slots of 20 bytes; otherwise it doubles", (count, slots) => {
    const bytes = randomFillSync(new Uint8Array(count * 32))
    const addAll = (set: RevocationSet) => {
      for (let i = 0; i < count; i++) set.add(bytes.subarray(i * 32, i * 32 + 32), null)
    }
    const [little, table] = [200_000, slots * 20]
    const allocated = (run: () => void) => {
      const before = process.memoryUsage().arrayBuffers
      run()
      return process.memoryUsage().arrayBuffers - before
    }
    const made: RevocationSet[] = []
    expect(allocated(() => void made.push(new RevocationSet(count)))).toBeLessThan(table + little)
    expect(allocated(() => made.forEach(addAll))).toBeLessThan(little)
    // All outgrown tables together are no larger than the last.
    expect(allocated(() => addAll(new RevocationSet()))).toBeLessThan(2 * table + little)
  })

  it("throws a TypeError for programming errors", () => {
    const set = new RevocationSet()
    expect(() => set.add(new Uint8Array(31), null)).toThrow(TypeError)
    expect(() => set.has(new Uint8Array())).toThrow(TypeError)
    expect(() => set.add(digest(0), Number.NaN)).toThrow(TypeError)
    expect(() => set.pruneExpired(Number.NaN)).toThrow(TypeError)
    expect(set.size).toBe(0)
  })

  it("holds a million entries in tens of megabytes", () => {
    const count = 1_000_000
    const bytes = randomFillSync(new Uint8Array(count * 32))
    const at = (i: number) => bytes.subarray(i * 32, i * 32 + 32)
    const before = process.memoryUsage().arrayBuffers
    const set = new RevocationSet()
    for (let i = 0; i < count; i++) set.add(at(i), i % 2 === 0 ? null : 1000)
    expect(set.size).toBe(count)
    for (let i = 0; i < count; i += 100) expect(set.has(at(i))).toBe(true)
    // The outgrown tables may not be collected yet: together they are as large as the last one.
    expect((process.memoryUsage().arrayBuffers - before) / 2 ** 20).toBeLessThan(90)
    for (let i = 0; i < 32; i++) set.pruneExpired(2000)
    expect(set.size).toBe(count / 2)
  })
})

/** A digest whose first 16 bytes are these words. */
function ofWords(words: ArrayLike<number>): Uint8Array {
  const digest = new Uint8Array(32)
  digest.set(new Uint8Array(Uint32Array.from(words).buffer))
  return digest
}

function uniqueWords(count: number): number[] {
  const words = new Set<number>()
  while (words.size < count) for (const word of randomFillSync(new Uint32Array(count))) words.add(word)
  return [...words].slice(0, count)
}

function fill(digests: readonly (readonly number[])[]): void {
  const set = new RevocationSet()
  for (const words of digests) set.add(ofWords(words), null)
  expect(set.size).toBe(digests.length)
}

describe("cutoffs", () => {
  const appId = "app-crm-0a1b2c"
  const all = { level: "all", digest: revocationDigest("all", "*") } as const
  const probeAt = (iat: number) => revocationProbe(agentClaims({ app_id: appId, iat }))

  it("revoke what was issued up to then, and nothing that was issued later", () => {
    const set = new RevocationSet()
    set.apply({ level: "app", digest: revocationDigest("app", appId), before: 1000 }, null)
    expect([999, 1000, 1001].map((iat) => set.revokes(probeAt(iat)))).toEqual([true, true, false])
    expect([1000, 1001].map((iat) => set.isRevoked({ level: "app", target: appId }, iat))).toEqual([true, false])
    expect(set.size).toBe(1)
  })

  it("the latest one counts", () => {
    const set = new RevocationSet()
    for (const before of [1000, 3000, 2000]) set.apply({ ...all, before }, null)
    expect([3000, 3001].map((iat) => set.revokes(probeAt(iat)))).toEqual([true, false])
  })

  it("level all spares operators", () => {
    const set = new RevocationSet()
    set.apply({ ...all, before: 1e12 }, null)
    expect(set.revokes(revocationProbe(adminClaims()))).toBe(false)
  })

  it("are refused when they are not numbers", () => {
    expect(() => new RevocationSet().apply({ ...all, before: Number.NaN }, null)).toThrow(TypeError)
  })
})

test("a revoked token ends with what was delegated from it; a renewed or released one ends alone", () => {
  const delegated = revocationProbe(delegatedClaims(chainOf("read:data:*")))
  const from = { level: "token", digest: revocationDigest("token", "1".repeat(32)) } as const
  const set = new RevocationSet()
  set.apply({ ...from, alone: true }, null)
  expect(set.has(from.digest)).toBe(true)
  expect(set.revokes(delegated)).toBe(false)
  set.apply(from, null)
  expect(set.revokes(delegated)).toBe(true)
})
