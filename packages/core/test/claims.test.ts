import { describe, expect, it } from "vitest"
import { type Claims, ClaimsError, checkClaims, DelegationError, parseClaims } from "../src/index.ts"
import { adminClaims, agentClaims, agentId, chainOf, delegatedClaims, NOW } from "./samples.ts"

const appClaims: Claims = {
  ...adminClaims(),
  sub: "app:app-report-maker-0a1b2c",
  kind: "app",
  scope: ["app:launch-tokens:*"],
}
const delegated = delegatedClaims(chainOf("read:data:*"))

describe("parseClaims", () => {
  it.each<[string, Claims]>([
    ["an agent's", agentClaims()],
    ["an agent's with all that is optional", agentClaims({ aud: ["a", "b"], sid: "session-1" })],
    ["without an issuer", agentClaims({ iss: "" })],
    ["delegated", delegated],
    ["an admin's", adminClaims()],
    ["an app's", appClaims],
  ])("reads claims: %s", (_name, claims) => {
    const parsed = parseClaims(JSON.parse(JSON.stringify(claims)))
    expect(parsed).toEqual(claims)
    expect(parsed).not.toBe(claims)
  })

  it("shares nothing with its input", () => {
    const parsed = parseClaims(delegated)
    expect(parsed.scope).not.toBe(delegated.scope)
    expect(parsed.delegation_chain?.[0]?.scope).not.toBe(delegated.delegation_chain?.[0]?.scope)
  })

  it("leaves out unknown members, and ignores __proto__", () => {
    const text = JSON.stringify(adminClaims()).replace(
      "{",
      '{"__proto__":{"sid":"x","task_id":"t"},"role":"root","constructor":1,',
    )
    const parsed = parseClaims(JSON.parse(text))
    expect(parsed).toEqual(adminClaims())
    expect(parsed.sid).toBeUndefined()
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
  })

  const bad: readonly (readonly [string, unknown, string])[] = [
    ["null", null, "object"],
    ["an array", [], "object"],
    ["text", "{}", "object"],
    ["nothing", {}, "kind"],
    ...(["iss", "sub", "exp", "nbf", "iat", "jti", "kind", "scope"] as const).map(
      (name) => [`no ${name}`, { ...agentClaims(), [name]: undefined }, name] as const,
    ),
    ...(
      [
        "iss",
        "sub",
        "exp",
        "nbf",
        "iat",
        "jti",
        "kind",
        "scope",
        "aud",
        "sid",
        "task_id",
        "orch_id",
        "chain_hash",
      ] as const
    ).flatMap((name) =>
      [null, true, { a: 1 }, [[]]].map(
        (value) => [`${name} ${JSON.stringify(value)}`, { ...agentClaims(), [name]: value }, name] as const,
      ),
    ),
    ...(["exp", "nbf", "iat"] as const).flatMap((name) =>
      [-1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, "1800000000"].map(
        (value) => [`${name} ${value}`, { ...agentClaims(), [name]: value }, name] as const,
      ),
    ),
    ["an unpaired surrogate", agentClaims({ iss: "\ud800" }), "iss"],
    ["kind root", { ...agentClaims(), kind: "root" }, "kind"],
    ["a short jti", agentClaims({ jti: "abc" }), "jti"],
    ["an upper-case jti", agentClaims({ jti: "0123456789ABCDEF0123456789ABCDEF" }), "jti"],
    ["a jti with a line break", agentClaims({ jti: `${agentClaims().jti}\n` }), "jti"],
    ["no scope", agentClaims({ scope: [] }), "scope"],
    ["scope as text", { ...agentClaims(), scope: "read:data:*" }, "scope"],
    ["a bad scope", agentClaims({ scope: ["read:data:1", "read"] }), "scope, member 2"],
    ["a hole in scope", { ...agentClaims(), scope: new Array(1) }, "scope, member 1"],
    ["empty aud", agentClaims({ aud: [] }), "aud"],
    ["aud as text", { ...agentClaims(), aud: "a" }, "aud"],
    ["an empty aud", agentClaims({ aud: [""] }), "aud"],
    ["an empty sid", agentClaims({ sid: "" }), "sid"],
    ["an agent called admin", agentClaims({ sub: "admin" }), "sub"],
    ["an agent of another task", agentClaims({ task_id: "task-2" }), "task_id"],
    ["an agent of another orchestrator", agentClaims({ orch_id: "orch-2" }), "orch_id"],
    ["an agent without task", { ...agentClaims(), task_id: undefined }, "task_id"],
    ["an agent without orchestrator", { ...agentClaims(), orch_id: undefined }, "orch_id"],
    ["a delegate without task", { ...delegated, task_id: undefined }, "task_id and orch_id are missing"],
    ["a delegate without orchestrator", { ...delegated, orch_id: undefined }, "task_id and orch_id are missing"],
    ["a task that is not a segment", { ...delegated, task_id: ".." }, "task_id"],
    ["an admin by another name", adminClaims({ sub: "root" }), "sub"],
    ["an admin who is an agent", adminClaims({ sub: agentId(1) }), "sub"],
    ["an admin who is an app", adminClaims({ sub: appClaims.sub }), "sub"],
    ["an admin with a task", adminClaims({ task_id: "t" }), "agents"],
    ["an admin with a chain", { ...delegated, ...adminClaims() }, "agents"],
    ["an app that is admin", { ...appClaims, sub: "admin" }, "sub"],
    ["an app without its prefix", { ...appClaims, sub: "app-report-maker-0a1b2c" }, "sub"],
    ["an app of another form", { ...appClaims, sub: "app:report-maker" }, "sub"],
    ["an app with an orchestrator", { ...appClaims, orch_id: "o" }, "agents"],
    ["a chain without its hash", { ...delegated, chain_hash: undefined }, "chain_hash"],
    ["a hash without its chain", agentClaims({ chain_hash: "0".repeat(64) }), "chain_hash"],
    ["a hash of another form", { ...delegated, chain_hash: "0".repeat(63) }, "chain_hash"],
  ]

  it.each(bad)("refuses %s", (_name, value, fault) => {
    expect(() => parseClaims(value)).toThrow(ClaimsError)
    expect(() => parseClaims(value)).toThrow(
      expect.objectContaining({ code: "invalid_claims", message: expect.stringContaining(fault) }),
    )
  })

  it.each([[null], [[]], [{}], ["x"], [[null]], [Array(6).fill(delegated.delegation_chain?.[0])]])(
    "refuses the chain %j",
    (chain) => {
      expect(() => parseClaims({ ...delegated, delegation_chain: chain })).toThrow(DelegationError)
    },
  )
})

describe("checkClaims", () => {
  const claims = agentClaims({ aud: ["first", "second"] })

  it.each([
    ["from nbf on", { now: NOW }],
    ["until just before exp", { now: NOW + 299.999 }],
    ["the issuer", { now: NOW, issuer: claims.iss }],
    ["one audience of many", { now: NOW, audience: "second" }],
    ["early, by the tolerance", { now: NOW - 5, clockTolerance: 5 }],
  ])("accepts %s", (_name, expected) => {
    expect(() => checkClaims(claims, expected)).not.toThrow()
  })

  it.each([
    ["at exp", { now: NOW + 300 }, "token_expired", "token expired 0 s ago"],
    ["after exp", { now: NOW + 345 }, "token_expired", "token expired 45 s ago"],
    ["before nbf", { now: NOW - 1 }, "token_not_yet_valid", "token is not valid for another 1 s"],
    ["just before nbf", { now: NOW - 0.001 }, "token_not_yet_valid", "token is not valid for another 1 s"],
    ["at exp, whatever the tolerance", { now: NOW + 300, clockTolerance: 5 }, "token_expired", "token expired 0 s ago"],
    ["before nbf and tolerance", { now: NOW - 5.1, clockTolerance: 5 }, "token_not_yet_valid", "another 6 s"],
    ["another issuer", { now: NOW, issuer: "x" }, "issuer_mismatch", 'is not "x"'],
    ["another issuer, empty", { now: NOW, issuer: "" }, "issuer_mismatch", 'is not ""'],
    [
      "another audience",
      { now: NOW, audience: "third" },
      "audience_mismatch",
      '["first","second"] does not name "third"',
    ],
  ])("refuses %s", (_name, expected, code, message) => {
    expect(() => checkClaims(claims, expected)).toThrow(ClaimsError)
    expect(() => checkClaims(claims, expected)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })

  it("refuses a token without audience when one is expected", () => {
    expect(() => checkClaims(agentClaims(), { now: NOW, audience: "first" })).toThrow(
      expect.objectContaining({ code: "audience_mismatch", message: 'token audience absent does not name "first"' }),
    )
  })

  it.each([
    [{ now: Number.NaN }],
    [{ now: Number.NEGATIVE_INFINITY }],
    [{ now: undefined as never }],
    [{ now: NOW, clockTolerance: Number.NaN }],
    [{ now: NOW, clockTolerance: Number.POSITIVE_INFINITY }],
    [{ now: NOW, clockTolerance: -1 }],
  ])("throws a TypeError for %j instead of accepting the token", (expected) => {
    expect(() => checkClaims(claims, expected)).toThrow(TypeError)
  })
})
