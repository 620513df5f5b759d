import { generateKeyPairSync, sign } from "node:crypto"
import { adminToken, agentKey, call, launchToken, nonce, registration, trail } from "@agentwrit/testing/client"
import { auditProblems } from "@agentwrit/testing/independent-audit"
import { describe, expect, test } from "vitest"
import { shareWireBroker, startWireBroker, type WireBroker } from "./wire-broker.ts"

let broker: WireBroker
let admin: string
shareWireBroker((shared) => {
  ;({ broker, admin } = shared)
})

type Changes = Record<string, unknown>
const without = (field: string) => async (right: Changes) => ({ ...right, [field]: undefined })
const set = (changes: Changes) => async (right: Changes) => ({ ...right, ...changes })
const signedBy = (bytes: (right: Changes) => Buffer) => async (right: Changes) => {
  const { privateKey, publicKey } = agentKey()
  return { ...right, public_key: publicKey, signature: sign(null, bytes(right), privateKey).toString("base64") }
}
const BASE64_32 = Buffer.alloc(32).toString("base64")

const refusals: [
  what: string,
  wrong: (right: Changes) => Promise<Changes>,
  status: number,
  code: string,
  reason: RegExp,
][] = [
  ...["launch_token", "nonce", "public_key", "signature", "orch_id", "task_id", "requested_scope"]
    .map((field) => [`no ${field}`, without(field), 400, "invalid_request", new RegExp(field)] as const)
    .map(
      ([what, wrong, status, code, reason]) =>
        [what, wrong, status, code, reason] as [string, typeof wrong, number, string, RegExp],
    ),
  ["a number for a launch token", set({ launch_token: 7 }), 400, "invalid_request", /launch_token/],
  ["null for a nonce", set({ nonce: null }), 400, "invalid_request", /nonce/],
  ["one scope as a string", set({ requested_scope: "read:data:7" }), 400, "invalid_request", /requested_scope/],
  ["an empty scope", set({ requested_scope: [] }), 400, "invalid_request", /requested_scope/],
  ["a scope of two parts", set({ requested_scope: ["read:data"] }), 400, "invalid_request", /requested_scope\[0\]/],
  [
    "a wildcard action",
    set({ requested_scope: ["read:data:7", "*:data:7"] }),
    400,
    "invalid_request",
    /requested_scope\[1\]/,
  ],
  ["an orch_id with a slash", set({ orch_id: "a/b" }), 400, "invalid_request", /orch_id/],
  ["a task_id of dots", set({ task_id: ".." }), 400, "invalid_request", /task_id/],
  [
    "ids too long for an agent id",
    set({ orch_id: "o".repeat(1500), task_id: "t".repeat(1500) }),
    400,
    "invalid_request",
    /id/,
  ],
  ["a TTL of zero", set({ requested_ttl: 0 }), 400, "invalid_ttl", /requested_ttl/],
  ["a negative TTL", set({ requested_ttl: -1 }), 400, "invalid_ttl", /requested_ttl/],
  ["a TTL in words", set({ requested_ttl: "60" }), 400, "invalid_request", /requested_ttl/],
  [
    "the launch token as task_id",
    async (right) => ({ ...right, task_id: right["launch_token"] }),
    400,
    "invalid_request",
    /task_id/,
  ],
  ["an unknown launch token", set({ launch_token: "0".repeat(64) }), 401, "unauthorized", /unknown/],
  [
    "an upper-case launch token",
    async (right) => ({ ...right, launch_token: String(right["launch_token"]).toUpperCase() }),
    401,
    "unauthorized",
    /lower-case/,
  ],
  [
    "a wider scope",
    set({ requested_scope: ["read:data:7", "write:data:7"] }),
    403,
    "scope_violation",
    /write:data:7 not covered by read:data:\*/,
  ],
  ["a reserved scope", set({ requested_scope: ["admin:revoke:*"] }), 403, "scope_violation", /admin:revoke:\*/],
  ["a nonce of another broker", set({ nonce: "ab".repeat(32) }), 401, "unauthorized", /not made by this broker/],
  [
    "an upper-case nonce",
    async (right) => ({ ...right, nonce: String(right["nonce"]).toUpperCase() }),
    401,
    "unauthorized",
    /lower-case/,
  ],
  ["a nonce with a space", async (right) => ({ ...right, nonce: ` ${right["nonce"]}` }), 401, "unauthorized", /64/],
  ["a key that is not base64", set({ public_key: "not base64!" }), 401, "unauthorized", /public_key/],
  ["a key in base64url", set({ public_key: "-_".repeat(21) }), 401, "unauthorized", /public_key/],
  [
    "a key with stray bits",
    async (right) => ({
      ...right,
      public_key: String(right["public_key"]).replace(/.=$/, (end) => (end === "B=" ? "C=" : "B=")),
    }),
    401,
    "unauthorized",
    /public_key/,
  ],
  ["a 31-byte key", set({ public_key: Buffer.alloc(31, 1).toString("base64") }), 401, "unauthorized", /public_key/],
  ["an all-zero key", set({ public_key: BASE64_32 }), 401, "unauthorized", /public_key/],
  ["a 63-byte signature", set({ signature: Buffer.alloc(63, 1).toString("base64") }), 401, "unauthorized", /signature/],
  ["an all-zero signature", set({ signature: Buffer.alloc(64).toString("base64") }), 401, "unauthorized", /signature/],
  [
    "a signature over the hex text",
    signedBy((right) => Buffer.from(String(right["nonce"]))),
    401,
    "unauthorized",
    /signature/,
  ],
  [
    "a signature by another key",
    async (right) => ({ ...right, public_key: agentKey().publicKey }),
    401,
    "unauthorized",
    /signature/,
  ],
]

describe("a registration is refused, only the trail has the reason, and the launch token stays good", () => {
  test.each(refusals)("with %s", async (_, wrong, status, code, reason) => {
    const token = await launchToken(broker.url, admin)
    const right = await registration(broker.url, token)
    const before = (await trail(broker.url, admin)).length
    const refused = await call(broker.url, "POST /v1/register", { json: await wrong(right) })
    expect([refused.status, refused.body.error_code]).toEqual([status, code])
    expect(refused.headers.get("content-type")).toBe("application/problem+json")
    if (status === 401) {
      expect(refused.headers.get("www-authenticate")).toBe("Bearer")
      expect(refused.body.detail).toBe("registration failed")
    }
    const [event, ...more] = (await trail(broker.url, admin)).slice(before)
    expect(event).toMatchObject({
      event_type: "registration_policy_violation",
      outcome: "denied",
      resource: "/v1/register",
    })
    expect(event?.["detail"]).toMatch(reason)
    expect(more).toEqual([])
    expect(JSON.stringify(event)).not.toContain(token)
    expect((await call(broker.url, "POST /v1/register", { json: right })).status).toBe(200)
  })

  test.each([
    [128, true],
    [129, false],
    [1900, false],
  ])("the event of a stranger with ids of %i characters names them: %s", async (length, kept) => {
    const taskId = "t".repeat(length)
    const json = await registration(broker.url, "00".repeat(32), { task_id: taskId })
    expect((await call(broker.url, "POST /v1/register", { json })).status).toBe(401)
    const event = (await trail(broker.url, admin)).at(-1)
    expect([event?.["event_type"], event?.["task_id"]]).toEqual([
      "registration_policy_violation",
      kept ? taskId : undefined,
    ])
  })

  test("with a spent launch token", async () => {
    const token = await launchToken(broker.url, admin)
    await call(broker.url, "POST /v1/register", { json: await registration(broker.url, token) })
    const again = await call(broker.url, "POST /v1/register", { json: await registration(broker.url, token) })
    expect(again).toMatchObject({ status: 401, body: { error_code: "unauthorized" } })
    expect((await trail(broker.url, admin)).at(-1)?.["detail"]).toMatch(/already used/)
  })

  test("with a used nonce", async () => {
    const token = await launchToken(broker.url, admin, { single_use: false })
    const right = await registration(broker.url, token)
    expect((await call(broker.url, "POST /v1/register", { json: right })).status).toBe(200)
    expect(await call(broker.url, "POST /v1/register", { json: right })).toMatchObject({ status: 401 })
    expect((await trail(broker.url, admin)).at(-1)?.["detail"]).toMatch(/nonce was already used/)
  })

  test("with an expired launch token", async () => {
    const token = await launchToken(broker.url, admin, { ttl: 1 })
    const right = await registration(broker.url, token)
    await expect
      .poll(
        async () =>
          (await call(broker.url, "POST /v1/register", { json: { ...right, nonce: "" } })).status &&
          (await trail(broker.url, admin)).at(-1)?.["detail"],
        { interval: 200 },
      )
      .toMatch(/launch token expired/)
    expect(await call(broker.url, "POST /v1/register", { json: await registration(broker.url, token) })).toMatchObject({
      status: 401,
    })
  })
})

test("the hint of a refused scope says how to correct the request", async () => {
  const token = await launchToken(broker.url, admin, { allowed_scope: ["read:data:*", "write:log:1"] })
  const json = await registration(broker.url, token, { requested_scope: ["read:data:7", "write:data:7"] })
  const { body } = await call(broker.url, "POST /v1/register", { json })
  expect(body.hint).toMatch(/missing: write:data:7; nearest allowed: (read:data:\*|write:log:1)/)
})

test("exactly one of fifty concurrent registrations with a single-use launch token succeeds", async () => {
  const token = await launchToken(broker.url, admin)
  const requests = await Promise.all(Array.from({ length: 50 }, () => registration(broker.url, token)))
  const answers = await Promise.all(requests.map((json) => call(broker.url, "POST /v1/register", { json })))
  const statuses = answers.map(({ status }) => status).sort()
  expect(statuses).toEqual([200, ...Array.from({ length: 49 }, () => 401)])
})

test("exactly one of fifty concurrent registrations with one nonce succeeds", async () => {
  const token = await launchToken(broker.url, admin, { single_use: false })
  const { privateKey, publicKey } = agentKey()
  const challenge = await nonce(broker.url)
  const proof = {
    nonce: challenge,
    public_key: publicKey,
    signature: sign(null, Buffer.from(challenge, "hex"), privateKey).toString("base64"),
  }
  const json = { ...(await registration(broker.url, token)), ...proof }
  const answers = await Promise.all(Array.from({ length: 50 }, () => call(broker.url, "POST /v1/register", { json })))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
})

test("a scope too long for a token is refused before anything is spent, and the longest possible TTL is granted", async () => {
  const scope = Array.from({ length: 256 }, (_, at) => `read:data:${String(at).padEnd(240, "x")}`)
  const token = await launchToken(broker.url, admin, { max_ttl: Number.MAX_SAFE_INTEGER })
  const right = await registration(broker.url, token)
  const long = await call(broker.url, "POST /v1/register", { json: { ...right, requested_scope: scope } })
  expect([long.status, long.body.error_code, long.body.detail]).toEqual([
    400,
    "invalid_request",
    expect.stringMatching(/scope is too long/),
  ])
  const json = { ...right, requested_scope: scope.slice(0, 140), requested_ttl: Number.MAX_SAFE_INTEGER }
  const { status, body } = await call(broker.url, "POST /v1/register", { json })
  expect([status, body.expires_in]).toEqual([200, 86_400])
  expect((await call(broker.url, "POST /v1/token/renew", { bearer: body.access_token })).status).toBe(200)
})

test("without a limit, the longest TTL gives an expiry that can still be represented", async () => {
  await using unlimited = await startWireBroker({ settings: { maxTtl: 0 } })
  const operator = await adminToken(unlimited.url)
  const token = await launchToken(unlimited.url, operator, { max_ttl: Number.MAX_SAFE_INTEGER })
  const { status, body } = await call(unlimited.url, "POST /v1/register", {
    json: await registration(unlimited.url, token),
  })
  expect([status, body.expires_in]).toEqual([200, 100 * 366 * 86_400])
})

test("a key of another curve with the same length is refused", async () => {
  const { publicKey } = generateKeyPairSync("x25519")
  const x = publicKey.export({ format: "jwk" }).x ?? ""
  const token = await launchToken(broker.url, admin)
  const json = await registration(broker.url, token, { public_key: Buffer.from(x, "base64url").toString("base64") })
  expect((await call(broker.url, "POST /v1/register", { json })).status).toBe(401)
})

test("afterwards the trail verifies", async () => {
  expect(auditProblems(await trail(broker.url, admin))).toEqual([])
})
