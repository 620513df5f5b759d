import { leafHash, nodeHash, rootOf } from "@agentwrit/audit"
import { encodeHex } from "@agentwrit/core"
import { expect, test } from "vitest"
import { sha256, treeRoot } from "./independent.ts"
import { leaves } from "./tree.ts"

test("hashes are those of RFC 6962", () => {
  expect(encodeHex(rootOf([]))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  expect(encodeHex(leafHash(new Uint8Array()))).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
  const [left, right] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  expect(encodeHex(nodeHash(left, right))).toBe(sha256(Buffer.of(1), left, right).toString("hex"))
  expect(encodeHex(rootOf(leaves))).toBe(treeRoot(leaves).toString("hex"))
})

test("a root agrees with the definition at every size, and takes only hashes", () => {
  for (let size = 0; size <= leaves.length; size++)
    expect(encodeHex(rootOf(leaves.slice(0, size)))).toBe(treeRoot(leaves.slice(0, size)).toString("hex"))
  for (const wrong of [new Uint8Array(31), new Uint8Array(33), "a".repeat(32)])
    expect(() => rootOf([wrong as Uint8Array])).toThrow(TypeError)
})
