import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  exceedingScopes,
  isReservedScope,
  isScope,
  MAX_SCOPE_LENGTH,
  nearestScope,
  parseScope,
  ScopeError,
  scopeCovers,
  scopesWithin,
} from "../src/index.ts"

const good = [
  ["read:data:*", "read", "data", "*"],
  ["read:data:customer-7", "read", "data", "customer-7"],
  ["read:data:a:b::c", "read", "data", "a:b::c"],
  ["read:data::", "read", "data", ":"],
  ["!:#:'~", "!", "#", "'~"],
  ["a;[]^`{|}:b<=>?@:c/.-", "a;[]^`{|}", "b<=>?@", "c/.-"],
  [`a:b:${"c".repeat(252)}`, "a", "b", "c".repeat(252)],
] as const

const bad = [
  ["", "parts"],
  ["read", "1 of 3 parts"],
  ["read:data", "2 of 3 parts"],
  [":data:1", "empty part"],
  ["read::1", "empty part"],
  ["read:data:", "empty part"],
  ["read:data:a b", "position 11"],
  ["read:data:a,b", "position 11"],
  ['read:data:"', "position 10"],
  ["read:data:a\\", "position 11"],
  ["read:data:é", "position 10"],
  ["read:data:1\n", "position 11"],
  ["read:data:\u007f", "position 10"],
  ["\u0000:data:1", "position 0"],
  ["*:data:1", "only as the whole identifier"],
  ["read:*:1", "only as the whole identifier"],
  ["re*d:data:1", "only as the whole identifier"],
  ["read:data:cust*", "only as the whole identifier"],
  ["read:data:**", "only as the whole identifier"],
  ["read:data:*:1", "only as the whole identifier"],
  ["read:data:1:*", "only as the whole identifier"],
  [`a:b:${"c".repeat(253)}`, "256 bytes"],
] as const

describe("parseScope", () => {
  it.each(good)("reads %s", (text, action, resource, identifier) => {
    expect(parseScope(text)).toEqual({ action, resource, identifier })
    expect(isScope(text)).toBe(true)
  })

  it.each(bad)("refuses %j", (text, fault) => {
    expect(isScope(text)).toBe(false)
    expect(() => parseScope(text)).toThrow(ScopeError)
    expect(() => parseScope(text)).toThrow(
      expect.objectContaining({ code: "invalid_scope", message: expect.stringContaining(fault) }),
    )
  })

  it("allows each character of printable ASCII where CONTRACT 2 does, and no other", () => {
    for (let code = 0; code < 0x180; code++) {
      const character = String.fromCharCode(code)
      const isAllowed = code > 0x20 && code < 0x7f && !',"\\*'.includes(character)
      expect(isScope(`a:b:x${character}y`), `identifier with ${code}`).toBe(isAllowed)
      expect(isScope(`x${character}y:b:c`), `action with ${code}`).toBe(isAllowed || character === ":")
    }
  })

  it("reports what is wrong with a text, up to the maximum length", () => {
    expect(() => parseScope("a".repeat(MAX_SCOPE_LENGTH))).toThrow("has 1 of 3 parts")
    expect(() => parseScope("a".repeat(MAX_SCOPE_LENGTH + 1))).toThrow("is longer than 256 bytes")
  })

  it("never repeats a text that it refuses, which may be a secret in the wrong field", () => {
    const secret = "f".repeat(64)
    expect(() => parseScope(secret)).toThrow(expect.not.objectContaining({ message: expect.stringContaining("fff") }))
  })

  it.each([[undefined], [null], [7], [["read:data:1"]], [{ toString: () => "read:data:1" }]])(
    "takes %j for no scope",
    (value) => {
      expect(isScope(value)).toBe(false)
      expect(() => parseScope(value as string)).toThrow(ScopeError)
    },
  )
})

describe("scopeCovers", () => {
  it.each([
    ["read:data:*", "read:data:7", true],
    ["read:data:*", "read:data:*", true],
    ["read:data:*", "read:data:a:b", true],
    ["read:data:7", "read:data:7", true],
    ["read:data:7", "read:data:*", false],
    ["read:data:7", "read:data:78", false],
    ["read:data:*", "write:data:7", false],
    ["read:data:*", "read:data2:7", false],
    ["read:data:*", "read:datas:7", false],
    ["read:data:a", "read:data:a:b", false],
    ["read:data:*", "read:data", false],
    ["read:*", "read:data:7", false],
    ["*", "read:data:7", false],
    ["read:data:*", "read:data:a b", false],
    ["read:data", "read:data", false],
  ])("%s covers %s: %s", (allowed, requested, expected) => {
    expect(scopeCovers(allowed, requested)).toBe(expected)
  })
})

const part = fc.stringMatching(/^[a-c]{1,2}$/)
const identifier = fc.oneof(fc.constant("*"), fc.stringMatching(/^[a-c:]{1,3}$/))
const scope = fc.tuple(part, part, identifier).map((parts) => parts.join(":"))
const scopes = fc.array(scope, { maxLength: 5 })

describe("properties", () => {
  it("covering is reflexive, transitive, and antisymmetric", () => {
    fc.assert(
      fc.property(scope, scope, scope, (a, b, c) => {
        expect(scopeCovers(a, a)).toBe(true)
        if (scopeCovers(a, b) && scopeCovers(b, c)) expect(scopeCovers(a, c)).toBe(true)
        if (scopeCovers(a, b) && scopeCovers(b, a)) expect(a).toBe(b)
      }),
      { numRuns: 5000 },
    )
  })

  it("covering agrees with the rule on the parts", () => {
    fc.assert(
      fc.property(scope, scope, (allowed, requested) => {
        const a = parseScope(allowed)
        const r = parseScope(requested)
        const expected =
          a.action === r.action && a.resource === r.resource && (a.identifier === "*" || a.identifier === r.identifier)
        expect(scopeCovers(allowed, requested)).toBe(expected)
      }),
      { numRuns: 5000 },
    )
  })

  it("being within is reflexive and transitive, and never widens", () => {
    fc.assert(
      fc.property(scopes, scopes, scopes, scope, (a, b, c, probe) => {
        expect(scopesWithin(a, a)).toBe(true)
        if (scopesWithin(a, b) && scopesWithin(b, c)) expect(scopesWithin(a, c)).toBe(true)
        if (scopesWithin(a, b) && scopesWithin([probe], a)) expect(scopesWithin([probe], b)).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })

  it("a set is within another exactly when nothing exceeds it", () => {
    fc.assert(
      fc.property(scopes, scopes, (requested, allowed) => {
        const exceeding = exceedingScopes(requested, allowed)
        expect(exceeding.length === 0).toBe(scopesWithin(requested, allowed))
        expect(exceeding).toEqual(requested.filter((one) => !scopesWithin([one], allowed)))
      }),
    )
  })
})

describe("nearestScope", () => {
  it.each([
    ["write:data:1", ["read:logs:1", "read:data:*"], "read:data:*"],
    ["write:data:1", ["write:logs:1", "read:data:2"], "read:data:2"],
    ["write:data:1", ["write:data:2", "read:data:1"], "write:data:2"],
    ["write:data:1", ["write:logs:9"], "write:logs:9"],
    ["write:data:1", ["read:data:2", "read:data:1"], "read:data:1"],
    ["write:data:1", ["read:logs:1"], undefined],
    ["write:data:1", ["nonsense"], undefined],
    ["nonsense", ["write:data:1"], undefined],
    ["write:data:1", [], undefined],
  ])("of %s in %j is %s", (missing, held, expected) => {
    expect(nearestScope(missing, held)).toBe(expected)
  })
})

it.each([
  ["admin:revoke:*", true],
  ["app:launch-tokens:*", true],
  ["read:admin:*", false],
  ["administrator:data:1", false],
  ["Admin:revoke:*", false],
  ["apps:x:1", false],
])("%s reserved: %s", (text, expected) => {
  expect(isReservedScope(text)).toBe(expected)
})
