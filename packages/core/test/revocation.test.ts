import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { encodeHex, findRevocation, type RevocationLevel, revocationDigest, revocationTargets } from "../src/index.ts"
import { adminClaims, agentClaims, agentId, chainOf, delegatedClaims } from "./samples.ts"

const chain = chainOf("read:data:*", "read:data:*")
const delegated = delegatedClaims(chain)

it("digests are SHA-256 of the text that CONTRACT 5 gives", () => {
  const expected = createHash("sha256").update("agentwrit-revocation-v1:task:report-7").digest("hex")
  expect(encodeHex(revocationDigest("task", "report-7"))).toBe(expected)
})

describe("revocationTargets", () => {
  it("of an agent's own token: the token, the agent, the task", () => {
    expect(revocationTargets(agentClaims())).toEqual([
      { level: "token", target: agentClaims().jti },
      { level: "agent", target: agentId(1) },
      { level: "task", target: "task-1" },
    ])
  })

  it("of an admin's token: the token and the subject", () => {
    expect(revocationTargets(adminClaims())).toEqual([
      { level: "token", target: adminClaims().jti },
      { level: "agent", target: "admin" },
    ])
  })

  it("of a delegated token: also every delegator, as an agent and as a chain", () => {
    expect(revocationTargets(delegated)).toEqual([
      { level: "token", target: delegated.jti },
      { level: "agent", target: agentId(3) },
      { level: "agent", target: agentId(1) },
      { level: "agent", target: agentId(2) },
      { level: "task", target: "task-1" },
      { level: "chain", target: agentId(1) },
      { level: "chain", target: agentId(2) },
    ])
  })

  it("lists each once when a token was delegated back to one of its delegators", () => {
    const returned = delegatedClaims(chain, { sub: agentId(1) })
    const names = revocationTargets(returned).map(({ level, target }) => `${level} ${target}`)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toHaveLength(6)
  })
})

describe("findRevocation", () => {
  it.each<[RevocationLevel, string, boolean]>([
    ["token", delegated.jti, true],
    ["agent", agentId(3), true],
    ["agent", agentId(2), true],
    ["agent", agentId(1), true],
    ["task", "task-1", true],
    ["chain", agentId(1), true],
    ["chain", agentId(2), true],
    // A chain entry ends what was delegated from an agent, not the agent's own tokens.
    ["chain", agentId(3), false],
    ["task", "task-3", false],
    ["agent", delegated.jti, false],
    ["token", agentId(3), false],
    ["task", "orch-1", false],
  ])("%s %s ends the delegated token: %s", (level, target, expected) => {
    const found = findRevocation(delegated, (l, t) => l === level && t === target)
    expect(found).toEqual(expected ? { level, target } : undefined)
  })

  it("a chain entry does not revoke the delegator's own token", () => {
    expect(findRevocation(agentClaims(), (level) => level === "chain")).toBeUndefined()
  })
})
