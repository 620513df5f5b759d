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
  it("of an agent's own token: the token, the agent, the task, everything", () => {
    expect(revocationTargets(agentClaims())).toEqual([
      { level: "token", target: agentClaims().jti },
      { level: "agent", target: agentId(1) },
      { level: "task", target: "task-1" },
      { level: "all", target: "*" },
    ])
  })

  it("of an admin's token: the token and the subject", () => {
    expect(revocationTargets(adminClaims())).toEqual([
      { level: "token", target: adminClaims().jti },
      { level: "agent", target: "admin" },
    ])
  })

  it("of a delegated token: also every delegator with its token and task, as an agent and as a chain", () => {
    expect(revocationTargets(delegated)).toEqual([
      { level: "token", target: delegated.jti },
      { level: "token", target: "1".repeat(32), isInherited: true },
      { level: "token", target: "2".repeat(32), isInherited: true },
      { level: "agent", target: agentId(3) },
      { level: "agent", target: agentId(1) },
      { level: "agent", target: agentId(2) },
      { level: "task", target: "task-1" },
      { level: "task", target: "task-3" },
      { level: "task", target: "task-2" },
      { level: "chain", target: agentId(1) },
      { level: "chain", target: agentId(2) },
      { level: "all", target: "*" },
    ])
  })

  it("of an app: its own tokens, its agents' tokens, and all that they delegated", () => {
    const appId = "app-crm-0a1b2c"
    const app = { level: "app", target: appId } as const
    const { task_id, orch_id, ...rest } = agentClaims()
    const records = chain.map((record, i) => (i === 0 ? { ...record, app_id: appId } : record))
    expect(revocationTargets({ ...rest, kind: "app", sub: `app:${appId}` })).toContainEqual(app)
    expect(revocationTargets(agentClaims({ app_id: appId }))).toContainEqual(app)
    expect(revocationTargets(delegatedClaims(records))).toContainEqual(app)
    expect(revocationTargets(delegated).filter(({ level }) => level === "app")).toEqual([])
  })

  it("lists each once when a token was delegated back to one of its delegators", () => {
    const returned = delegatedClaims(chain, { sub: agentId(1) })
    const names = revocationTargets(returned).map(({ level, target }) => `${level} ${target}`)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toHaveLength(10)
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
    // The task of the delegate, and that of a delegator.
    ["task", "task-3", true],
    ["task", "task-2", true],
    ["token", "2".repeat(32), true],
    ["all", "*", true],
    ["app", "*", false],
    ["agent", delegated.jti, false],
    ["token", agentId(3), false],
    ["task", "orch-1", false],
  ])("%s %s ends the delegated token: %s", (level, target, expected) => {
    const found = findRevocation(delegated, { isRevoked: (one) => one.level === level && one.target === target })
    expect(found).toEqual(expected ? expect.objectContaining({ level, target }) : undefined)
  })

  it("a chain entry does not revoke the delegator's own token", () => {
    expect(findRevocation(agentClaims(), { isRevoked: ({ level }) => level === "chain" })).toBeUndefined()
  })
})
