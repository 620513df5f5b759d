import { generateKeyPairSync, sign } from "node:crypto"
import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { agent, call, trail } from "@agentwrit/testing/client"
import { signedByBroker as signed, tokenPart } from "@agentwrit/testing/forged-tokens"
import { SignJWT } from "jose"
import { describe, expect, test } from "vitest"
import { shareWireBroker, type WireBroker } from "./wire-broker.ts"

let broker: WireBroker
let admin: string
let agentToken: string
shareWireBroker(async (shared) => {
  ;({ broker, admin } = shared)
  agentToken = (await agent(broker.url, admin)).access_token
})

const encode = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url")
const signedByBroker = (header: unknown, payload: unknown) => signed(broker, header, payload)
const header = () => tokenPart(admin, 0)
const claims = () => tokenPart(admin, 1)
const now = () => Math.floor(Date.now() / 1000)

const bad: [what: string, make: () => string | Promise<string>, reason: RegExp][] = [
  ["garbage", () => "garbage", /./],
  ["two parts", () => admin.split(".").slice(0, 2).join("."), /./],
  ["a fourth part", () => `${admin}.e30`, /./],
  ["trailing garbage", () => `${admin}A`, /./],
  ["padding", () => `${admin}==`, /./],
  [
    "stray bits in the signature",
    () =>
      admin.slice(0, -1) + (admin.endsWith("A") ? "B" : String.fromCharCode(admin.charCodeAt(admin.length - 1) + 1)),
    /./,
  ],
  ["an edited claim", () => admin.replace(/\.[^.]+\./, `.${encode({ ...claims(), exp: now() + 9999 })}.`), /signature/],
  ["no signature", () => `${admin.split(".").slice(0, 2).join(".")}.`, /./],
  ["alg none", () => `${encode({ alg: "none", typ: "JWT" })}.${admin.split(".")[1]}.`, /./],
  [
    "members in another order",
    () => signedByBroker({ typ: "JWT", alg: "EdDSA", kid: header().kid }, claims()),
    /header/,
  ],
  [
    "a space in the header",
    () => signedByBroker(`{"alg":"EdDSA", "typ":"JWT","kid":"${header().kid}"}`, claims()),
    /header/,
  ],
  ["one more header member", () => signedByBroker({ ...header(), jku: "https://evil.example" }, claims()), /header/],
  ["an unknown key id", () => signedByBroker({ ...header(), kid: "A".repeat(43) }, claims()), /key/],
  [
    "HMAC under the public key",
    () =>
      new SignJWT(claims())
        .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: header().kid })
        .sign(Buffer.alloc(32, 1)),
    /header/,
  ],
  [
    "another key",
    () => {
      const input = `${encode(header())}.${encode(claims())}`
      return `${input}.${sign(null, Buffer.from(input), generateKeyPairSync("ed25519").privateKey).toString("base64url")}`
    },
    /signature/,
  ],
  [
    "an expired token",
    () => signedByBroker(header(), { ...claims(), iat: now() - 400, nbf: now() - 400, exp: now() - 45 }),
    /expired 4\d s ago/,
  ],
  ["a token from the future", () => signedByBroker(header(), { ...claims(), nbf: now() + 60, exp: now() + 600 }), /./],
  [
    "a repeated scope",
    () => signedByBroker(header(), JSON.stringify(claims()).replace('"scope":', '"scope":["admin:x:*"],"scope":')),
    /./,
  ],
  ["an unknown kind", () => signedByBroker(header(), { ...claims(), kind: "root" }), /kind/],
  ["times that are not numbers", () => signedByBroker(header(), { ...claims(), exp: "9999999999" }), /exp/],
]

describe("a bearer token is refused without a reason", () => {
  test.each(bad)("%s", async (_, make, reason) => {
    const bearer = await make()
    for (const [route, detail] of [
      ["POST /v1/admin/launch-tokens", "token verification failed"],
      ["POST /v1/token/renew", "token renewal failed"],
      ["POST /v1/token/release", "token verification failed"],
    ] as const) {
      const refused = await call(broker.url, route, { bearer })
      expect([refused.status, refused.body.error_code, refused.body.detail]).toEqual([401, "unauthorized", detail])
      expect(refused.headers.get("www-authenticate")).toBe("Bearer")
    }
    const events = await trail(broker.url, admin)
    expect(events.slice(-4).map(({ event_type, outcome }) => [event_type, outcome])).toEqual([
      ["token_auth_failed", "denied"],
      ["token_auth_failed", "denied"],
      ["token_renewal_failed", "denied"],
      ["token_auth_failed", "denied"],
    ])
    expect(events.at(-1)?.["detail"]).toMatch(reason)
    expect(JSON.stringify(events)).not.toContain(bearer.split(".")[2] || "no third part")
    const judged = await call(broker.url, "POST /v1/token/validate", { json: { token: bearer } })
    expect([judged.status, judged.body]).toEqual([200, { valid: false, error: "token is invalid or expired" }])
  })

  test.each([
    ["none at all", {}],
    ["another scheme", { authorization: "Basic YTpi" }],
    ["an empty one", { authorization: "Bearer " }],
    ["two in one", { authorization: "Bearer a b" }],
  ])("%s", async (_, headers) => {
    const refused = await call(broker.url, "GET /v1/audit/events", { headers: headers as Record<string, string> })
    expect([refused.status, refused.body.error_code]).toEqual([401, "unauthorized"])
  })

  test("but its scheme may have any case", async () => {
    const headers = { authorization: `bEARER ${admin}` }
    expect((await call(broker.url, "GET /v1/audit/events", { headers })).status).toBe(200)
  })
})

describe("a caller of the wrong kind", () => {
  test.each(["POST /v1/admin/launch-tokens", "GET /v1/audit/events", "GET /v1/audit/checkpoint"])(
    "cannot use %s",
    async (route) => {
      const refused = await call(broker.url, route, { bearer: agentToken })
      expect([refused.status, refused.body.error_code]).toEqual([403, "insufficient_scope"])
      expect((await trail(broker.url, admin)).at(-1)).toMatchObject({
        event_type: "scope_violation",
        outcome: "denied",
      })
    },
  )

  test("cannot renew", async () => {
    const refused = await call(broker.url, "POST /v1/token/renew", { bearer: admin })
    expect([refused.status, refused.body.error_code]).toEqual([403, "forbidden"])
  })

  test("cannot use a management route with any scope", async () => {
    const agentClaims = tokenPart(agentToken, 1)
    const bearer = signedByBroker(header(), { ...agentClaims, scope: ["admin:audit:*", "admin:launch-tokens:*"] })
    const refused = await call(broker.url, "GET /v1/audit/events", { bearer })
    expect([refused.status, refused.body.error_code]).toEqual([403, "insufficient_scope"])
  })

  test("of the right kind with too narrow a scope learns the missing scope", async () => {
    const bearer = signedByBroker(header(), { ...claims(), scope: ["admin:revoke:*", "admin:audit:7"] })
    const refused = await call(broker.url, "GET /v1/audit/events", { bearer })
    expect([refused.status, refused.body.error_code]).toEqual([403, "insufficient_scope"])
    expect(refused.body.hint).toContain("missing: admin:audit:*")
    expect(refused.body.hint).toContain("admin:audit:7")
  })
})

test("exactly one of twenty concurrent renewals of a token succeeds; the same for releases", async () => {
  const { access_token } = await agent(broker.url, admin)
  const renewals = await Promise.all(
    Array.from({ length: 20 }, () => call(broker.url, "POST /v1/token/renew", { bearer: access_token })),
  )
  const won = renewals.filter(({ status }) => status === 200)
  expect(won).toHaveLength(1)
  for (const { status, body } of renewals)
    if (status !== 200) expect([status, body.error_code]).toEqual([403, "token_revoked"])
  const bearer = won[0]?.body.access_token
  const releases = await Promise.all(
    Array.from({ length: 20 }, () => call(broker.url, "POST /v1/token/release", { bearer })),
  )
  expect(releases.filter(({ status }) => status === 204)).toHaveLength(1)
})

test("a wrong secret is refused, and neither secret is in trail or log", async () => {
  const presented = "a secret that someone guessed"
  const refused = await call(broker.url, "POST /v1/admin/auth", { json: { secret: presented } })
  expect([refused.status, refused.body.error_code]).toEqual([401, "unauthorized"])
  const retired = await call(broker.url, "POST /v1/admin/auth", { json: { client_id: "a", client_secret: presented } })
  expect([retired.status, retired.body.error_code]).toEqual([400, "invalid_request"])
  expect(retired.body.detail).toContain("secret")
  const events = await trail(broker.url, admin)
  expect(events.slice(-2).map(({ event_type }) => event_type)).toEqual(["admin_auth_failed", "admin_auth_failed"])
  const { stdout, stderr } = broker.output()
  for (const text of [JSON.stringify(events), stdout, stderr])
    for (const secret of [presented, ADMIN_SECRET, admin, agentToken]) expect(text).not.toContain(secret)
})
