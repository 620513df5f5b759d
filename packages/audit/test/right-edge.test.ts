import { RightEdge, rootOf } from "@agentwrit/audit"
import { encodeHex } from "@agentwrit/core"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { leaves, rootAt } from "./tree.ts"

describe("right edge", () => {
  test("has the root of a full recomputation at every size", () => {
    const edge = new RightEdge()
    expect(edge.root()).toEqual(rootOf([]))
    for (const [i, leaf] of leaves.entries()) {
      edge.append(leaf)
      expect(edge.size).toBe(i + 1)
      expect(encodeHex(edge.root())).toBe(encodeHex(rootAt(i + 1)))
    }
  })

  test("continues from its bytes and from a copy", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(99), (before, after) => {
        const edge = new RightEdge()
        for (const leaf of leaves.slice(0, before)) edge.append(leaf)
        const kept = edge.toBytes()
        const copy = edge.copy()
        const restored = RightEdge.fromBytes(kept)
        for (const leaf of leaves.slice(before, before + after)) {
          copy.append(leaf)
          restored.append(leaf)
        }
        const expected = rootOf(leaves.slice(0, before + after))
        expect(copy.root()).toEqual(expected)
        expect(restored.root()).toEqual(expected)
        expect(restored.size).toBe(before + after)
        // Neither changed the original.
        expect(edge.toBytes()).toEqual(kept)
      }),
    )
  })

  test("does not change when its output or its bytes are overwritten", () => {
    const edge = new RightEdge()
    for (const leaf of leaves.slice(0, 4)) edge.append(leaf)
    const bytesOf = edge.toBytes()
    const restored = RightEdge.fromBytes(bytesOf)
    edge.root().fill(0)
    bytesOf.fill(0)
    expect(edge.root()).toEqual(rootAt(4))
    expect(restored.root()).toEqual(rootAt(4))
  })

  test("reads bytes inside a larger buffer", () => {
    const edge = new RightEdge()
    for (const leaf of leaves.slice(0, 7)) edge.append(leaf)
    const buffer = new Uint8Array(300).fill(9)
    buffer.set(edge.toBytes(), 11)
    expect(RightEdge.fromBytes(buffer.subarray(11, 11 + 8 + 96)).root()).toEqual(rootAt(7))
  })

  test.each([
    ["nothing", new Uint8Array()],
    ["half a size", new Uint8Array(7)],
    ["hashes of an empty tree", new Uint8Array(40)],
    ["a missing hash", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 3, ...new Uint8Array(32))],
    ["a hash too many", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 2, ...new Uint8Array(64))],
    ["half a hash", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, ...new Uint8Array(16))],
    ["a size beyond 2^53", Uint8Array.of(0, 32, 0, 0, 0, 0, 0, 0, ...new Uint8Array(32))],
  ])("refuses %s as bytes", (_, malformed) => {
    expect(() => RightEdge.fromBytes(malformed)).toThrow(
      expect.objectContaining({ code: "malformed_edge", name: "EdgeError" }),
    )
  })

  test("refuses a leaf that is not 32 bytes", () => {
    const edge = new RightEdge()
    for (const length of [0, 31, 33]) expect(() => edge.append(new Uint8Array(length))).toThrow(TypeError)
    expect(edge.size).toBe(0)
    expect(() => rootOf([new Uint8Array(31)])).toThrow(TypeError)
  })

  test("takes no leaf beyond 2^53 - 1, as many as a number can count", () => {
    const full = new Uint8Array(8 + 32 * 53)
    new DataView(full.buffer).setBigUint64(0, 2n ** 53n - 2n)
    const edge = RightEdge.fromBytes(full.subarray(0, 8 + 32 * 52))
    edge.append(new Uint8Array(32))
    expect(edge.size).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => edge.append(new Uint8Array(32))).toThrow(TypeError)
    expect(edge.size).toBe(Number.MAX_SAFE_INTEGER)
  })

  test("counts beyond 2^32 leaves", () => {
    // 2^33 - 1 leaves have 33 full subtrees; the next leaf joins them all.
    const size = 2n ** 33n - 1n
    const start = new Uint8Array(8 + 32 * 33)
    new DataView(start.buffer).setBigUint64(0, size)
    const edge = RightEdge.fromBytes(start)
    edge.append(new Uint8Array(32))
    expect(edge.size).toBe(2 ** 33)
    expect(edge.toBytes().length).toBe(8 + 32)
  })
})
