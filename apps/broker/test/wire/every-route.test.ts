import { routes } from "@agentwrit/contract"
import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { agent, type CallOptions, call, launchToken, registration, trail } from "@agentwrit/testing/client"
import { signedByBroker, tokenPart } from "@agentwrit/testing/forged-tokens"
import { auditProblems } from "@agentwrit/testing/independent-audit"
import { describe, expect, test } from "vitest"
import { shareWireBroker, type WireBroker } from "./wire-broker.ts"

// The promises of CONTRACT 1 to 4 for every route, as tables. Other tests cover what each route does.

let broker: WireBroker
let url: string
let admin: string
let appId: string
const secrets = new Set<string>([ADMIN_SECRET])

shareWireBroker(async (shared) => {
  ;({ broker, url, admin } = shared)
  const json = { name: "walked", scopes: ["read:data:*"] }
  const app = (await call(url, "POST /v1/admin/apps", { bearer: admin, json })).body
  appId = app.app_id
  secrets.add(app.client_secret)
})

type Kind = "admin" | "app" | "agent"

interface Walked {
  readonly route: string
  readonly kinds?: readonly Kind[]
  readonly scope?: string
  /** A valid body. */
  readonly body?: () => Promise<Record<string, unknown>> | Record<string, unknown>
  readonly required?: readonly string[]
  readonly isBodyOptional?: boolean
  /** The event of a refused request; absent when the route has none. */
  readonly deniedAs?: string
}

const ADMIN = { kinds: ["admin"], scope: "admin:launch-tokens:*" } as const
const KEYS = { kinds: ["admin"], scope: "admin:keys:*" } as const
const AUDIT = { kinds: ["admin"], scope: "admin:audit:*" } as const
const launchBody = () => ({
  agent_name: "worker",
  allowed_scope: ["read:data:*"],
  max_ttl: 60,
  single_use: true,
  ttl: 30,
})

const WALKED: readonly Walked[] = [
  { route: "GET /v1/challenge" },
  {
    route: "POST /v1/register",
    body: async () => registration(url, await launchToken(url, admin), { requested_ttl: 60 }),
    required: ["launch_token", "nonce", "public_key", "signature", "orch_id", "task_id", "requested_scope"],
    deniedAs: "registration_policy_violation",
  },
  { route: "POST /v1/token/validate", body: () => ({ token: admin }), required: ["token"] },
  { route: "POST /v1/token/renew", kinds: ["agent"], deniedAs: "token_renewal_failed" },
  { route: "POST /v1/token/release", kinds: ["admin", "app", "agent"], deniedAs: "token_released" },
  {
    route: "POST /v1/delegate",
    kinds: ["agent"],
    body: () => ({
      delegate_to: "spiffe://agentwrit.local/agent/a/b/fedcba9876543210",
      scope: ["read:data:7"],
      ttl: 60,
    }),
    required: ["delegate_to", "scope"],
    deniedAs: "delegation_created",
  },
  {
    route: "POST /v1/admin/auth",
    body: () => ({ secret: ADMIN_SECRET }),
    required: ["secret"],
    deniedAs: "admin_auth_failed",
  },
  {
    route: "POST /v1/admin/launch-tokens",
    ...ADMIN,
    body: launchBody,
    required: ["agent_name", "allowed_scope"],
    deniedAs: "launch_token_denied",
  },
  { route: "GET /v1/admin/launch-tokens", ...ADMIN },
  { route: "DELETE /v1/admin/launch-tokens/{id}", ...ADMIN, deniedAs: "launch_token_revoked" },
  {
    route: "POST /v1/admin/apps",
    ...ADMIN,
    body: () => ({ name: "another", scopes: ["read:data:*"], token_ttl: 60 }),
    required: ["name", "scopes"],
    deniedAs: "app_registered",
  },
  { route: "GET /v1/admin/apps", ...ADMIN },
  { route: "GET /v1/admin/apps/{id}", ...ADMIN },
  {
    route: "PUT /v1/admin/apps/{id}",
    ...ADMIN,
    body: () => ({ scopes: ["read:data:*"], token_ttl: 60 }),
    required: [],
    deniedAs: "app_updated",
  },
  { route: "DELETE /v1/admin/apps/{id}", ...ADMIN, deniedAs: "app_deregistered" },
  {
    route: "POST /v1/admin/apps/{id}/secret",
    ...ADMIN,
    body: () => ({ grace: 60 }),
    isBodyOptional: true,
    deniedAs: "app_secret_rotated",
  },
  { route: "POST /v1/admin/apps/{id}/restore", ...ADMIN, deniedAs: "app_restored" },
  {
    route: "POST /v1/app/auth",
    body: () => ({ client_id: "walked-000000000000", client_secret: "x" }),
    required: ["client_id", "client_secret"],
    deniedAs: "app_auth_failed",
  },
  {
    route: "POST /v1/app/launch-tokens",
    kinds: ["app"],
    scope: "app:launch-tokens:*",
    body: launchBody,
    required: ["agent_name", "allowed_scope"],
    deniedAs: "launch_token_denied",
  },
  { route: "GET /v1/app/launch-tokens", kinds: ["app"], scope: "app:launch-tokens:*" },
  {
    route: "DELETE /v1/app/launch-tokens/{id}",
    kinds: ["app"],
    scope: "app:launch-tokens:*",
    deniedAs: "launch_token_revoked",
  },
  {
    route: "POST /v1/revoke",
    kinds: ["admin"],
    scope: "admin:revoke:*",
    body: () => ({ level: "task", target: "t-walked" }),
    required: ["level", "target"],
    deniedAs: "token_revoked",
  },
  {
    route: "POST /v1/revoke/preview",
    ...AUDIT,
    body: () => ({ level: "task", target: "t-walked" }),
    required: ["level", "target"],
  },
  { route: "GET /v1/audit/events", ...AUDIT },
  { route: "GET /v1/audit/checkpoint", ...AUDIT },
  { route: "GET /v1/admin/agents", ...AUDIT },
  { route: "GET /v1/admin/keys", ...AUDIT },
  {
    route: "POST /v1/admin/keys/rotate",
    ...KEYS,
    body: () => ({ alg: "EdDSA", signs_in: 0, force: true }),
    isBodyOptional: true,
    deniedAs: "key_rotated",
  },
  { route: "POST /v1/admin/keys/audit/rotate", ...KEYS, deniedAs: "key_rotated" },
  { route: "DELETE /v1/admin/keys/{kid}", ...KEYS, deniedAs: "key_retired" },
  { route: "GET /v1/health" },
  { route: "GET /v1/metrics" },
  { route: "GET /v1/revocations" },
  { route: "GET /.well-known/jwks.json" },
  { route: "GET /v1/openapi.json" },
]

test("the table has every route of the contract", () => {
  const listed = Object.values(routes).map(({ method, path }) => `${method} ${path}`)
  expect(WALKED.map(({ route }) => route).sort()).toEqual(listed.sort())
})

const named = (route: string): string =>
  route
    .replace("{id}", route.includes("launch-tokens") ? "lt-0123456789abcdef" : appId)
    .replace("{kid}", "A".repeat(43))
const now = () => Math.floor(Date.now() / 1000)

/**
 * A token with an admin's claims and these changes, signed by the broker's key. An admin's `jti` comes from a sign-in.
 */
function forged(changes: Record<string, unknown>): string {
  return signedByBroker(broker, tokenPart(admin, 0), { ...tokenPart(admin, 1), ...changes })
}
const randomJti = () => Array.from({ length: 32 }, () => Math.floor(Math.random() * 16).toString(16)).join("")

const subjectOf = {
  admin: "admin",
  app: "app:app-walked-000000",
  agent: "spiffe://agentwrit.local/agent/a/b/0123456789abcdef",
}
const ofKind = (kind: Kind, scope: string[], jti: string = tokenPart(admin, 1).jti) =>
  forged({ jti, kind, sub: subjectOf[kind], scope, ...(kind === "agent" && { orch_id: "a", task_id: "b" }) })

function expectProblem(answer: Awaited<ReturnType<typeof call>>, path: string, status: number, code: string): void {
  expect([answer.status, answer.body?.error_code]).toEqual([status, code])
  expect(answer.headers.get("content-type")).toBe("application/problem+json")
  expect(answer.body).toMatchObject({
    type: `urn:agentwrit:error:${code}`,
    status,
    detail: expect.any(String),
    instance: path,
    request_id: answer.headers.get("x-request-id"),
  })
  expect(answer.headers.get("www-authenticate")).toBe(status === 401 ? "Bearer" : null)
}

/** Sends the request, and returns the events that it wrote. */
async function asked(route: string, options: CallOptions) {
  const before = (await trail(url, admin)).length
  const answer = await call(url, named(route), options)
  return { answer, path: named(route).split(" ")[1] ?? "", added: (await trail(url, admin)).slice(before) }
}

describe.each(WALKED.filter(({ kinds }) => kinds !== undefined))(
  "the bearer of $route",
  ({ route, kinds = [], scope, body }) => {
    const withBody = async (bearer?: string): Promise<CallOptions> => ({
      ...(bearer !== undefined && { bearer }),
      ...(body !== undefined && { json: await body() }),
    })
    const good = (jti?: string) => ofKind(kinds[0] ?? "admin", scope === undefined ? ["read:data:7"] : [scope], jti)
    const detail = route.endsWith("renew") ? "token renewal failed" : "token verification failed"

    test.each([
      ["no token", () => undefined, /no token in the Authorization header/],
      ["garbage", () => "garbage", /three parts/],
      ["an expired token", () => forged({ nbf: now() - 90, iat: now() - 90, exp: now() - 45 }), /expired 4\d s ago/],
      ["a token of another key", () => `${good().slice(0, -8)}AAAAAAAA`, /./],
    ])("with %s gets no reason, but the trail does", async (_, make, reason) => {
      const { answer, path, added } = await asked(route, await withBody(make()))
      expectProblem(answer, path, 401, "unauthorized")
      expect(answer.body.detail).toBe(detail)
      expect(added[0]).toMatchObject({ event_type: "token_auth_failed", outcome: "denied", resource: path })
      expect(added[0]?.["detail"]).toMatch(reason)
    })

    test("with a revoked token", async () => {
      const bearer = good(randomJti())
      const json = { level: "token", target: tokenPart(bearer, 1).jti }
      await call(url, "POST /v1/revoke", { bearer: admin, json })
      const { answer, path, added } = await asked(route, await withBody(bearer))
      expectProblem(answer, path, 403, "token_revoked")
      expect(answer.body.detail).toBe("token has been revoked")
      expect(added[0]).toMatchObject({ event_type: "token_revoked_access", outcome: "denied" })
    })

    test("of another kind, with any scope", async () => {
      for (const kind of (["admin", "app", "agent"] as const).filter((each) => !kinds.includes(each))) {
        const bearer = ofKind(kind, scope === undefined ? ["read:data:*"] : [scope])
        const { answer, path, added } = await asked(route, await withBody(bearer))
        expectProblem(answer, path, 403, scope === undefined ? "forbidden" : "insufficient_scope")
        expect(added[0]).toMatchObject({ event_type: "scope_violation", outcome: "denied", agent_id: subjectOf[kind] })
      }
    })

    if (scope !== undefined)
      test("with too narrow a scope", async () => {
        const narrow = [scope.replace("*", "7"), "read:data:*"]
        const { answer, path, added } = await asked(route, await withBody(ofKind(kinds[0] ?? "admin", narrow)))
        expectProblem(answer, path, 403, "insufficient_scope")
        expect(answer.body.hint).toContain(`missing: ${scope}`)
        expect(added[0]).toMatchObject({ event_type: "scope_violation", outcome: "denied" })
      })
  },
)

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`

const MALFORMED: readonly [what: string, bytes: string | Buffer][] = [
  ["nothing", ""],
  ["half an object", '{"a":'],
  ["a list", "[]"],
  ["null", "null"],
  ["a string", '"text"'],
  ["invalid UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ["an unpaired surrogate", '{"a":"\\ud800"}'],
  ["33 levels", deep(33)],
  ["a number beyond 2^53", '{"a":9007199254740993}'],
]

describe.each(WALKED.filter(({ body }) => body !== undefined))(
  "the body of $route",
  ({ route, kinds, scope, body, required = [], isBodyOptional = false, deniedAs }) => {
    const bearer = () =>
      kinds === undefined
        ? {}
        : { bearer: ofKind(kinds[0] ?? "admin", scope === undefined ? ["read:data:7"] : [scope]) }

    async function refusedAs400(options: CallOptions, naming?: string): Promise<void> {
      const { answer, path, added } = await asked(route, { ...bearer(), ...options })
      expectProblem(answer, path, 400, "invalid_request")
      if (naming !== undefined) expect(answer.body.detail).toContain(naming)
      expect(added.map(({ event_type, outcome }) => [event_type, outcome])).toEqual(
        deniedAs === undefined ? [] : [[deniedAs, "denied"]],
      )
      if (deniedAs !== undefined) expect(added[0]?.["detail"]).toBe(answer.body.detail)
    }

    test.each(MALFORMED.filter(([what]) => !(isBodyOptional && what === "nothing")))("that is %s", async (_, raw) =>
      refusedAs400({ raw: raw as string }),
    )

    test("with missing or ill-typed members is refused with their names", async () => {
      const right = (await body?.()) ?? {}
      for (const name of Object.keys(right)) {
        await refusedAs400({ json: { ...right, [name]: {} } }, name)
      }
      for (const name of required) {
        await refusedAs400({ json: { ...right, [name]: null } }, name)
        const { [name]: _, ...rest } = right
        await refusedAs400({ json: rest }, name)
      }
    })

    test("may have unknown members of any name", async () => {
      const right = JSON.stringify((await body?.()) ?? {})
      const raw = `${right.slice(0, -1)},"__proto__":{"admin":true},"constructor":{"prototype":1},"extra":[${deep(20)}]}`
      const { answer } = await asked(route, { ...bearer(), raw })
      expect(answer.status).not.toBe(400)
      expect(answer.status).toBeLessThan(500)
    })
  },
)

describe.each(WALKED)("$route", ({ route, deniedAs }) => {
  const [method = "", path = ""] = route.split(" ")

  if (method !== "GET")
    test("answers a body over 1 MiB with 413, also when it is chunked", async () => {
      for (const raw of [Buffer.alloc(1_048_577, 32), chunks(1_048_577)]) {
        const { answer, added } = await asked(route, { raw: raw as Buffer<ArrayBuffer> })
        expectProblem(answer, named(path), 413, "payload_too_large")
        const { detail } = answer.body
        const denied = { event_type: deniedAs, outcome: "denied", resource: named(path), detail }
        expect(added).toMatchObject(deniedAs === undefined ? [] : [denied])
      }
    })

  test("answers other methods with 405 and Allow", async () => {
    const own = WALKED.filter(({ route }) => route.endsWith(` ${path}`)).map(({ route }) => route.split(" ")[0] ?? "")
    const allowed = own.flatMap((each) => (each === "GET" ? ["GET", "HEAD"] : [each]))
    for (const other of ["GET", "POST", "PUT", "DELETE", "PATCH"].filter((each) => !allowed.includes(each))) {
      const answer = await call(url, `${other} ${named(path)}`, { bearer: admin })
      expectProblem(answer, named(path), 405, "method_not_allowed")
      expect(answer.headers.get("allow")?.split(", ").sort()).toEqual(allowed.sort())
    }
  })

  if (method === "GET")
    test("answers HEAD like GET, without a body", async () => {
      const bearer = { bearer: admin }
      const [get, head] = [await call(url, named(route), bearer), await call(url, `HEAD ${named(path)}`, bearer)]
      expect([head.status, head.text]).toEqual([get.status, ""])
      expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"))
    })
})

function chunks(size: number): ReadableStream<Uint8Array> {
  let left = size
  return new ReadableStream({
    pull(controller) {
      const chunk = Math.min(left, 65_536)
      left -= chunk
      controller.enqueue(new Uint8Array(chunk).fill(32))
      if (left === 0) controller.close()
    },
  })
}

describe("the trail", () => {
  test("has an event for every successful change, and none for reads", async () => {
    const [held, other, renewed, released] = [
      await agent(url, admin),
      await agent(url, admin),
      await agent(url, admin),
      await agent(url, admin),
    ]
    const app = (
      await call(url, "POST /v1/admin/apps", { bearer: admin, json: { name: "success", scopes: ["read:data:*"] } })
    ).body
    secrets.add(app.client_secret)
    const { client_id, client_secret, app_id } = app
    const signedIn = (await call(url, "POST /v1/app/auth", { json: { client_id, client_secret } })).body.access_token
    const launchTokenId = async (of: "admin" | "app", bearer: string): Promise<string> =>
      (await call(url, `POST /v1/${of}/launch-tokens`, { bearer, json: launchBody() })).body.id
    const successes: Record<string, () => Promise<[string, CallOptions]> | [string, CallOptions]> = {
      register: async () => ["", { json: await registration(url, await launchToken(url, admin)) }],
      delegate: () => [
        "",
        { bearer: held.access_token, json: { delegate_to: other.agent_id, scope: ["read:data:7"] } },
      ],
      renew: () => ["", { bearer: renewed.access_token }],
      release: () => ["", { bearer: released.access_token }],
      adminSignIn: () => ["", { json: { secret: ADMIN_SECRET } }],
      createLaunchToken: () => ["", { bearer: admin, json: launchBody() }],
      createApp: () => ["", { bearer: admin, json: { name: "success-two", scopes: ["read:data:*"] } }],
      updateApp: () => [app_id, { bearer: admin, json: { token_ttl: 90 } }],
      appSignIn: () => ["", { json: { client_id, client_secret } }],
      createAppLaunchToken: () => ["", { bearer: signedIn, json: launchBody() }],
      revoke: () => ["", { bearer: admin, json: { level: "task", target: "t-walk" } }],
      previewRevocation: () => ["", { bearer: admin, json: { level: "task", target: "t-walk" } }],
      deregisterApp: () => [appId, { bearer: admin }],
      revokeLaunchToken: async () => [await launchTokenId("admin", admin), { bearer: admin }],
      retireKey: async () => {
        const { body } = await call(url, "POST /v1/admin/keys/rotate", { bearer: admin, json: { alg: "ES256" } })
        return [body.kid, { bearer: admin }]
      },
      listAppLaunchTokens: () => ["", { bearer: signedIn }],
      revokeAppLaunchToken: async () => [await launchTokenId("app", signedIn), { bearer: signedIn }],
    }
    for (const [name, { method, path, changesState, needs }] of Object.entries(routes)) {
      if (name === "validate") continue
      const before = (await trail(url, admin)).length
      const [id, options] = (await successes[name]?.()) ?? ["", needs === "none" ? {} : { bearer: admin }]
      const made = (await trail(url, admin)).length
      const answer = await call(url, `${method} ${path.replace(/\{k?id\}/, id || app_id)}`, options)
      expect([name, answer.status < 300]).toEqual([name, true])
      const added = (await trail(url, admin)).slice(made)
      expect([name, added.some(({ outcome }) => outcome === "success")]).toEqual([name, changesState])
      if (!changesState) expect([name, made + added.length]).toEqual([name, before])
    }
  })

  test("then verifies by independent code, and neither trail nor log contains a secret", async () => {
    const events = await trail(url, admin)
    expect(events.length).toBeGreaterThan(300)
    expect(auditProblems(events)).toEqual([])
    const { stdout, stderr } = broker.output()
    for (const text of [JSON.stringify(events), stdout, stderr])
      for (const secret of [...secrets, admin]) expect(text).not.toContain(secret)
    expect(stderr).toBe("")
  })
})
