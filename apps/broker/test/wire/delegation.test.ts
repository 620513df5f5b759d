import { createHash, createPublicKey, verify } from "node:crypto"
import { agent, call, trail } from "@agentwrit/testing/client"
import { auditProblems } from "@agentwrit/testing/independent-audit"
import { describe, expect, test } from "vitest"
import { shareWireBroker, type WireBroker } from "./wire-broker.ts"

let broker: WireBroker
let admin: string
shareWireBroker((shared) => {
  ;({ broker, admin } = shared)
})

type Agent = Awaited<ReturnType<typeof agent>>
type Json = Record<string, unknown>

const newAgent = (changes: Json = {}) => agent(broker.url, admin, changes)
const delegate = (bearer: string, json: Json) => call(broker.url, "POST /v1/delegate", { bearer, json })
const valid = async (token: string) =>
  (await call(broker.url, "POST /v1/token/validate", { json: { token } })).body.valid
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())
const revoke = (level: string, target: string) =>
  call(broker.url, "POST /v1/revoke", { bearer: admin, json: { level, target } })

/** A chain of agents, each delegating to the next; token `n` is held by agent `n`. */
async function chainOf(length: number): Promise<{ agents: Agent[]; tokens: string[] }> {
  const agents = await Promise.all(Array.from({ length: length + 1 }, () => newAgent()))
  const tokens = [agents[0]?.access_token ?? ""]
  for (let at = 0; at < length; at++) {
    const made = await delegate(tokens[at] ?? "", { delegate_to: agents[at + 1]?.agent_id, scope: ["read:data:7"] })
    expect(made.status).toBe(200)
    tokens.push(made.body.access_token)
  }
  return { agents, tokens }
}

/** RFC 8785 for the members of a record. */
const canonical = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(canonical).join(",")}]`
    : typeof value === "object" && value !== null
      ? `{${Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
          .join(",")}}`
      : JSON.stringify(value)
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")

test("a delegated token carries a chain that anyone can verify from CONTRACT 2", async () => {
  const { agents, tokens } = await chainOf(3)
  const claims = claimsOf(tokens[3] ?? "")
  const { keys } = (await call(broker.url, "GET /.well-known/jwks.json")).body
  const key = createPublicKey({ key: keys[0], format: "jwk" })
  expect(claims).toMatchObject({
    sub: agents[3]?.agent_id,
    kind: "agent",
    scope: ["read:data:7"],
    task_id: "t-42",
    orch_id: "crm",
  })
  expect(claims.delegation_chain.map(({ agent }: Json) => agent)).toEqual(
    agents.slice(0, 3).map(({ agent_id }) => agent_id),
  )
  expect(claims.chain_hash).toBe(sha256(canonical(claims.delegation_chain)))
  for (const [at, { signature, ...record }] of claims.delegation_chain.entries()) {
    const before = claims.delegation_chain.slice(0, at)
    const prev = at === 0 ? "0".repeat(64) : sha256(canonical(before))
    const signed = canonical({ v: "agentwrit-delegation-v2", ...record, prev })
    expect(verify(null, Buffer.from(signed), key, Buffer.from(signature, "hex"))).toBe(true)
    expect(record.delegated_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  }
  expect(await valid(tokens[3] ?? "")).toBe(true)
  const [event] = (await trail(broker.url, admin))
    .filter(({ event_type }) => event_type === "delegation_created")
    .slice(-1)
  expect(event).toMatchObject({
    agent_id: agents[2]?.agent_id,
    outcome: "success",
    deleg_depth: 3,
    deleg_chain_hash: claims.chain_hash,
  })
})

test("a chain has at most five delegations", async () => {
  const { tokens } = await chainOf(5)
  const sixth = await delegate(tokens[5] ?? "", { delegate_to: (await newAgent()).agent_id, scope: ["read:data:7"] })
  expect([sixth.status, sixth.body.error_code]).toEqual([403, "scope_violation"])
})

test("it expires no later than the delegator's token, and after 60 s by default", async () => {
  const [delegator, other] = [await newAgent({ requested_ttl: 100 }), await newAgent()]
  const json = { delegate_to: other.agent_id, scope: ["read:data:7"] }
  expect((await delegate(delegator.access_token, json)).body.expires_in).toBe(60)
  const long = await delegate(delegator.access_token, { ...json, ttl: 9999 })
  expect(claimsOf(long.body.access_token).exp).toBeLessThanOrEqual(claimsOf(delegator.access_token).exp)
  expect(long.body.expires_in).toBeLessThanOrEqual(100)
})

test("it cannot be renewed, and a release ends only this token", async () => {
  const { agents, tokens } = await chainOf(1)
  const renewal = await call(broker.url, "POST /v1/token/renew", { bearer: tokens[1] ?? "" })
  expect([renewal.status, renewal.body.error_code]).toEqual([403, "forbidden"])
  expect((await call(broker.url, "POST /v1/token/release", { bearer: tokens[1] ?? "" })).status).toBe(204)
  expect([await valid(tokens[1] ?? ""), await valid(agents[1]?.access_token ?? "")]).toEqual([false, true])
})

describe("a delegation is refused, and its reason is in the trail", () => {
  const unknown = "spiffe://agentwrit.local/agent/crm/t-42/0123456789abcdef"
  test.each<[string, Json, number, string, string, RegExp]>([
    ["to nobody", { delegate_to: undefined }, 400, "invalid_request", "delegation_created", /delegate_to/],
    ["to an invalid agent id", { delegate_to: "crm" }, 400, "invalid_request", "delegation_created", /delegate_to/],
    ["of no scope", { scope: [] }, 400, "invalid_request", "delegation_created", /scope/],
    ["for zero seconds", { ttl: 0 }, 400, "invalid_ttl", "delegation_created", /ttl/],
    ["to a stranger", { delegate_to: unknown }, 404, "not_found", "delegation_created", /unknown/],
    [
      "of more than the delegator's scope",
      { scope: ["read:data:7", "read:data:8"] },
      403,
      "scope_violation",
      "delegation_attenuation_violation",
      /read:data:8 not covered by read:data:7/,
    ],
    [
      "of everything",
      { scope: ["read:data:*"] },
      403,
      "scope_violation",
      "delegation_attenuation_violation",
      /read:data:\*/,
    ],
    [
      "of a reserved scope",
      { scope: ["admin:revoke:*"] },
      403,
      "scope_violation",
      "delegation_attenuation_violation",
      /admin/,
    ],
  ])("%s", async (_, changes, status, code, eventType, reason) => {
    const [delegator, other] = [await newAgent(), await newAgent()]
    const json = { delegate_to: other.agent_id, scope: ["read:data:7"], ...changes }
    const refused = await delegate(delegator.access_token, json)
    expect([refused.status, refused.body.error_code]).toEqual([status, code])
    const event = (await trail(broker.url, admin)).at(-1)
    expect(event).toMatchObject({ event_type: eventType, outcome: "denied", agent_id: delegator.agent_id })
    expect(event?.["detail"]).toMatch(reason)
  })

  test("to itself", async () => {
    const { agent_id, access_token } = await newAgent()
    const refused = await delegate(access_token, { delegate_to: agent_id, scope: ["read:data:7"] })
    expect([refused.status, refused.body.error_code]).toEqual([400, "invalid_request"])
  })

  test.each([
    [
      "was released",
      async (other: Agent) => void (await call(broker.url, "POST /v1/token/release", { bearer: other.access_token })),
    ],
    ["was revoked", async (other: Agent) => void (await revoke("agent", other.agent_id))],
    ["lost its token", async (other: Agent) => void (await revoke("token", claimsOf(other.access_token).jti))],
  ])("to an agent that %s", async (_, end) => {
    const [delegator, other] = [await newAgent(), await newAgent()]
    await end(other)
    const refused = await delegate(delegator.access_token, { delegate_to: other.agent_id, scope: ["read:data:7"] })
    expect([refused.status, refused.body.error_code]).toEqual([404, "not_found"])
  })

  test("from an operator or app", async () => {
    const refused = await delegate(admin, { delegate_to: (await newAgent()).agent_id, scope: ["read:data:7"] })
    expect([refused.status, refused.body.error_code]).toEqual([403, "forbidden"])
  })
})

describe("a revocation", () => {
  const validity = (tokens: string[]) => Promise.all(tokens.map(valid))

  test("of a token ends it, and what was delegated from it", async () => {
    const { tokens } = await chainOf(2)
    const answer = await revoke("token", claimsOf(tokens[1] ?? "").jti)
    const { jti } = claimsOf(tokens[1] ?? "")
    const affected = { agents: 0, tokens: 2 }
    expect([answer.status, answer.body]).toEqual([
      200,
      { revoked: true, level: "token", target: jti, count: 1, affected },
    ])
    expect(await validity(tokens)).toEqual([true, false, false])
  })

  test("of an agent in the middle of a chain ends its tokens and those delegated through it", async () => {
    const { agents, tokens } = await chainOf(3)
    await revoke("agent", agents[1]?.agent_id ?? "")
    expect(await validity([...tokens, agents[1]?.access_token ?? "", agents[3]?.access_token ?? ""])).toEqual([
      ...[true, false, false, false],
      ...[false, true],
    ])
    const used = await call(broker.url, "POST /v1/token/renew", { bearer: agents[1]?.access_token ?? "" })
    expect([used.status, used.body.error_code, used.body.detail]).toEqual([
      403,
      "token_revoked",
      "token has been revoked",
    ])
  })

  test("of a chain ends the agent's present and later delegations, but not its own tokens", async () => {
    const { agents, tokens } = await chainOf(3)
    const middle = agents[1]
    await revoke("chain", middle?.agent_id ?? "")
    expect(await validity([...tokens, middle?.access_token ?? ""])).toEqual([true, true, false, false, true])
    const later = await delegate(middle?.access_token ?? "", {
      delegate_to: agents[2]?.agent_id,
      scope: ["read:data:7"],
    })
    expect([later.status, later.body.error_code]).toEqual([403, "forbidden"])
  })

  test("of a task ends its tokens, and agents can no longer register for it", async () => {
    const { access_token } = await newAgent({ task_id: "t-doomed" })
    await revoke("task", "t-doomed")
    expect(await valid(access_token)).toBe(false)
    await expect(newAgent({ task_id: "t-doomed" })).rejects.toThrow(/forbidden/)
  })

  test("is idempotent, and accepts unknown targets", async () => {
    const { access_token, agent_id } = await newAgent()
    for (let time = 0; time < 2; time++) expect((await revoke("agent", agent_id)).status).toBe(200)
    expect((await revoke("token", "0".repeat(32))).status).toBe(200)
    expect((await revoke("agent", "app:app-crm-0a1b2c")).status).toBe(200)
    expect(await valid(access_token)).toBe(false)
    const events = await trail(broker.url, admin)
    expect(
      events.filter(({ event_type, agent_id: of }) => event_type === "token_revoked" && of === agent_id),
    ).toHaveLength(2)
    expect(auditProblems(events)).toEqual([])
  })

  test.each([
    [{ level: "token", target: "A".repeat(32) }],
    [{ level: "agent", target: "admin" }],
    [{ level: "agent", target: "spiffe://elsewhere.example/agent/crm/t-42/0123456789abcdef" }],
    [{ level: "task", target: "a/b" }],
    [{ level: "chain", target: "app:app-crm-0a1b2c" }],
    [{ level: "everything", target: "t-42" }],
    [{ level: "task" }],
  ])("%o is a 400, and in the trail", async (json) => {
    const refused = await call(broker.url, "POST /v1/revoke", { bearer: admin, json })
    expect([refused.status, refused.body.error_code]).toEqual([400, "invalid_request"])
    expect((await trail(broker.url, admin)).at(-1)).toMatchObject({ event_type: "token_revoked", outcome: "denied" })
  })
})
