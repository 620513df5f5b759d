import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decode, MAX_SCOPES, type RouteName, routes } from "../src/index.ts"
import { AGENT, HEX_64, JTI, REQUESTS } from "./samples.ts"

type Body = keyof typeof REQUESTS

const parse = (name: Body, body: unknown) => decode(routes[name].request, body)
const bodies = Object.keys(REQUESTS) as Body[]

describe("request bodies", () => {
  it("are those of the table of routes", () => {
    const taken = (Object.keys(routes) as RouteName[]).filter((name) => "request" in routes[name])
    expect(taken.toSorted()).toEqual(bodies.toSorted())
  })

  it.each(bodies)("of %s are accepted", (name) => {
    expect(parse(name, REQUESTS[name])).toMatchObject({ ok: true })
  })

  it.each([
    ["register", ["launch_token", "nonce", "public_key", "signature", "orch_id", "task_id", "requested_scope"]],
    ["validate", ["token"]],
    ["delegate", ["delegate_to", "scope"]],
    ["adminSignIn", ["secret"]],
    ["createLaunchToken", ["agent_name", "allowed_scope"]],
    ["createAppLaunchToken", ["agent_name", "allowed_scope"]],
    ["createApp", ["name", "scopes"]],
    ["updateApp", []],
    ["appSignIn", ["client_id", "client_secret"]],
    ["revoke", ["level", "target"]],
  ] as const)("of %s require exactly %j", (name, needed) => {
    const body: Record<string, unknown> = REQUESTS[name]
    for (const field of Object.keys(body)) {
      const decoded = parse(name, withoutField(body, field))
      if (needed.some((other) => other === field)) {
        expect(decoded).toMatchObject({ ok: false, code: "invalid_request", field })
        expect(!decoded.ok && decoded.detail).toMatch(new RegExp(`^${field} is missing: it must be `))
      } else expect(decoded).toMatchObject({ ok: true })
    }
  })

  it.each(bodies)("of %s name every ill-typed field", (name) => {
    const body: Record<string, unknown> = REQUESTS[name]
    for (const [field, good] of Object.entries(body)) {
      const isOptional = parse(name, withoutField(body, field)).ok
      const otherTypes = [null, {}, [], [null], 1.5, "", true].filter(
        (bad) => !fits(good, bad) && !(isOptional && bad === null),
      )
      for (const bad of otherTypes)
        expect(parse(name, { ...body, [field]: bad }), `${field}: ${JSON.stringify(bad)}`).toMatchObject({
          ok: false,
          code: "invalid_request",
          field: expect.stringMatching(new RegExp(`^${field}`)),
        })
    }
  })

  it.each(bodies)("of %s read null for an optional field as if it were absent", (name) => {
    const body: Record<string, unknown> = REQUESTS[name]
    for (const field of Object.keys(body)) {
      const absent = parse(name, withoutField(body, field))
      const isNull = parse(name, { ...body, [field]: null })
      if (absent.ok) expect(isNull, field).toEqual(absent)
      else expect(isNull, field).toMatchObject({ ok: false, code: "invalid_request", field })
    }
  })

  it("of an update need one field that is not null", () => {
    expect(parse("updateApp", { scopes: null, token_ttl: null })).toMatchObject({ ok: false, field: "scopes" })
  })

  it("fill in the documented defaults", () => {
    const launch = parse("createAppLaunchToken", { agent_name: "n", allowed_scope: ["read:data:*"] })
    expect(launch).toEqual({
      ok: true,
      value: { agentName: "n", allowedScope: ["read:data:*"], singleUse: true, ttl: 30 },
    })
    const { ttl: _, ...delegation } = REQUESTS.delegate
    expect(parse("delegate", delegation)).toMatchObject({ ok: true, value: { ttl: 60 } })
  })
})

function withoutField(body: Record<string, unknown>, field: string): Record<string, unknown> {
  const { [field]: _, ...rest } = body
  return rest
}

/**
 * Whether the parser of this field may accept the value: text fields accept the empty text, or refuse it for its form.
 */
function fits(good: unknown, bad: unknown): boolean {
  return Array.isArray(good) ? false : typeof good === typeof bad && bad !== 1.5 && bad !== null
}

describe("scopes", () => {
  const GOOD = [
    "read:data:*",
    "a:b:c",
    "read:data:customer:7",
    "read:data:a:b:c",
    "x:y::",
    `a:b:${"c".repeat(252)}`,
    "a'b:c:d",
  ]
  const BAD = [
    "",
    "read",
    "read:data",
    "read:data:",
    ":data:1",
    "read::1",
    "*:data:1",
    "read:*:1",
    "read:data:a*",
    "read:data:**",
    "read data:x:1",
    "read:da,ta:1",
    'read:data:"',
    "read:data:\\",
    "read:data:é",
    "read:data:\n",
    `a:b:${"c".repeat(253)}`,
  ]
  const FIELDS = [
    ["register", "requested_scope", true],
    ["delegate", "scope", true],
    ["createLaunchToken", "allowed_scope", false],
    ["createAppLaunchToken", "allowed_scope", false],
    ["createApp", "scopes", false],
    ["updateApp", "scopes", false],
  ] as const

  describe.each(FIELDS)("of %s (%s)", (name, field, reservedPass) => {
    const withScopes = (scopes: unknown) => parse(name, { ...REQUESTS[name], [field]: scopes })

    it.each(GOOD)("accept %j", (scope) => {
      expect(withScopes([scope])).toMatchObject({ ok: true })
    })

    it.each(BAD)("refuse %j by its place", (scope) => {
      expect(withScopes(["read:data:1", scope])).toMatchObject({
        ok: false,
        code: "invalid_request",
        field: `${field}[1]`,
      })
    })

    it("have at least one item and at most MAX_SCOPES", () => {
      expect(withScopes([])).toMatchObject({ ok: false, code: "invalid_request", field })
      expect(withScopes(Array(MAX_SCOPES).fill("read:data:1"))).toMatchObject({ ok: true })
      expect(withScopes(Array(MAX_SCOPES + 1).fill("read:data:1"))).toMatchObject({ ok: false, field })
      expect(withScopes("read:data:1")).toMatchObject({ ok: false, field })
    })

    it.each(["admin:revoke:*", "app:launch-tokens:*", "admin:x:y"])("with the reserved %s", (scope) => {
      expect(withScopes([scope])).toMatchObject(
        reservedPass ? { ok: true } : { ok: false, code: "invalid_request", field: `${field}[0]` },
      )
    })

    it("with actions that only begin like reserved ones", () => {
      expect(withScopes(["administer:x:y", "apply:x:y", "Admin:x:y"])).toMatchObject({ ok: true })
    })
  })
})

describe("TTLs", () => {
  const MAX = Number.MAX_SAFE_INTEGER
  describe.each([
    ["register", "requested_ttl", 1, MAX],
    ["delegate", "ttl", 1, MAX],
    ["createLaunchToken", "max_ttl", 1, MAX],
    ["createLaunchToken", "ttl", 1, 86_400],
    ["createAppLaunchToken", "max_ttl", 1, MAX],
    ["createAppLaunchToken", "ttl", 1, 86_400],
    ["createApp", "token_ttl", 60, 86_400],
    ["updateApp", "token_ttl", 60, 86_400],
  ] as const)("of %s (%s)", (name, field, low, high) => {
    const withTtl = (ttl: unknown) => parse(name, { ...REQUESTS[name], [field]: ttl })

    it.each([low, low + 1, high])("accept %d", (ttl) => {
      expect(withTtl(ttl)).toMatchObject({ ok: true })
    })

    it.each([low - 1, 0, -0, -1, -MAX, ...(high === MAX ? [] : [high + 1, MAX])])(
      "refuse %d as out of bounds",
      (ttl) => {
        expect(withTtl(ttl)).toMatchObject({ ok: false, code: "invalid_ttl", field })
      },
    )

    it.each(["60", "", true, [60], {}, 60.5, -0.5, Number.NaN, Number.POSITIVE_INFINITY])(
      "refuse %j as ill-typed",
      (ttl) => {
        expect(withTtl(ttl)).toMatchObject({ ok: false, code: "invalid_request", field })
      },
    )
  })
})

describe("ids", () => {
  describe.each([
    ["register", "orch_id"],
    ["register", "task_id"],
    ["createLaunchToken", "orch_id"],
    ["createLaunchToken", "task_id"],
  ] as const)("of %s (%s)", (name, field) => {
    const withId = (id: unknown) => parse(name, { ...REQUESTS[name], [field]: id })

    it.each(["a", "task-001", "A.b_c-9", "...", "x".repeat(2048)])("accept %j", (id) => {
      expect(withId(id)).toMatchObject({ ok: true })
    })

    it.each(["", ".", "..", "a/b", "a b", "ä", "a%2f", "a\n", "a:b", "x".repeat(2049)])("refuse %j", (id) => {
      expect(withId(id)).toMatchObject({ ok: false, code: "invalid_request", field })
    })
  })

  it.each(["spiffe://agentwrit.local/agent/o/t", `${AGENT}/x`, AGENT.toUpperCase(), "task-1", ""])(
    "of a delegate are not %j",
    (id) => {
      expect(parse("delegate", { ...REQUESTS.delegate, delegate_to: id })).toMatchObject({
        ok: false,
        field: "delegate_to",
      })
    },
  )
})

describe("a registration's secrets and signatures", () => {
  it.each(["launch_token", "nonce", "public_key", "signature"])("may be any string here: %s", (field) => {
    for (const text of ["", "nonsense", HEX_64.toUpperCase(), "x".repeat(5000)])
      expect(parse("register", { ...REQUESTS.register, [field]: text })).toMatchObject({ ok: true })
  })
})

describe("names", () => {
  const named = (agent_name: unknown) => parse("createLaunchToken", { ...REQUESTS.createLaunchToken, agent_name })

  it.each(["a", " ", "\u0000", "x".repeat(256), "😀".repeat(256), "é".repeat(256)])("of agents may be %j", (name) => {
    expect(named(name)).toMatchObject({ ok: true })
  })

  it.each(["", "x".repeat(257), "😀".repeat(257), "x".repeat(100_000)])("of agents are not %j", (name) => {
    expect(named(name)).toMatchObject({ ok: false, code: "invalid_request", field: "agent_name" })
  })

  const app = (name: unknown) => parse("createApp", { ...REQUESTS.createApp, name })

  it.each(["ab", "a1", "my-app", "a-b-c-1", `a${"b".repeat(63)}`])("of apps may be %j", (name) => {
    expect(app(name)).toMatchObject({ ok: true })
  })

  it.each(["", "a", "1a", "-ab", "ab-", "a--b", "Ab", "a_b", "a b", "ä1", `a${"b".repeat(64)}`, "ab\n"])(
    "of apps are not %j",
    (name) => {
      expect(app(name)).toMatchObject({ ok: false, code: "invalid_request", field: "name" })
    },
  )
})

describe("an app's update", () => {
  it.each([{ scopes: ["read:data:1"] }, { token_ttl: 60 }, { token_ttl: 60, name: "ignored" }])("may be %j", (body) => {
    expect(parse("updateApp", body)).toMatchObject({ ok: true })
  })

  it.each([{}, { name: "other" }])("may not be %j", (body) => {
    expect(parse("updateApp", body)).toMatchObject({ ok: false, code: "invalid_request", field: "scopes" })
  })
})

describe("the operator's sign-in", () => {
  it("names the new shape when it gets the retired one", () => {
    const decoded = parse("adminSignIn", { client_id: "admin", client_secret: "s3cret" })
    expect(decoded).toMatchObject({ ok: false, code: "invalid_request", field: "secret" })
    expect(!decoded.ok && decoded.detail).toMatch(/^secret is missing.*\{"secret": "…"\}.*retired/)
  })

  it("accepts the new shape with old fields beside it", () => {
    expect(parse("adminSignIn", { client_id: "admin", secret: "s" })).toEqual({ ok: true, value: { secret: "s" } })
  })
})

describe("a revocation", () => {
  it.each([
    ["token", JTI],
    ["agent", AGENT],
    ["agent", "app:app-billing-0a1b2c"],
    ["agent", "app:app-my-app-2-0a1b2c"],
    ["task", "task-001"],
    ["task", "admin"],
    ["chain", AGENT],
    ["app", "app-billing-0a1b2c"],
    ["all", "*"],
  ])("at level %s accepts the target %s", (level, target) => {
    expect(parse("revoke", { level, target })).toEqual({ ok: true, value: { level, target } })
  })

  it.each([
    ["token", JTI.toUpperCase()],
    ["token", JTI.slice(1)],
    ["token", `${JTI}0`],
    ["token", AGENT],
    ["agent", "admin"],
    ["agent", "app:billing"],
    ["agent", "app:"],
    ["agent", "app:app-billing-0A1B2C"],
    ["agent", "task-001"],
    ["task", "."],
    ["task", AGENT],
    ["task", ""],
    ["chain", "app:app-billing-0a1b2c"],
    ["chain", "admin"],
    ["chain", ""],
    ["app", "app:app-billing-0a1b2c"],
    ["app", "billing"],
    ["app", "*"],
    ["all", ""],
    ["all", "**"],
    ["all", "app-billing-0a1b2c"],
  ])("at level %s refuses the target %j", (level, target) => {
    expect(parse("revoke", { level, target })).toMatchObject({ ok: false, code: "invalid_request", field: "target" })
  })

  it.each(["", "Token", "All", "constructor", null, 1, ["token"]])("refuses the level %j", (level) => {
    expect(parse("revoke", { level, target: JTI })).toMatchObject({
      ok: false,
      code: "invalid_request",
      field: "level",
    })
  })
})

describe("a refusal", () => {
  it("never repeats what it received", () => {
    const SECRET = "Zq7-secret-Zq7"
    const poison = fc.oneof(
      fc.constant(SECRET),
      fc.constant([SECRET]),
      fc.constant({ [SECRET]: SECRET }),
      fc.constant([{ a: SECRET }]),
      fc.constant(null),
      fc.integer(),
    )
    fc.assert(
      fc.property(fc.constantFrom(...bodies), fc.nat(), poison, (name, at, value) => {
        const keys = Object.keys(REQUESTS[name])
        const decoded = parse(name, { ...REQUESTS[name], [keys[at % keys.length] ?? ""]: value, [SECRET]: SECRET })
        if (!decoded.ok) expect(JSON.stringify(decoded)).not.toContain(SECRET)
      }),
      { numRuns: 1000 },
    )
  })

  it("of a list that is too long does not look at its items", () => {
    const read: PropertyKey[] = []
    const scopes = new Proxy(Array(130_000).fill("a:b:c"), {
      get(target, key) {
        read.push(key)
        return Reflect.get(target, key)
      },
    })
    const body = { ...REQUESTS.register, requested_scope: scopes }
    expect(parse("register", body)).toMatchObject({ ok: false, field: "requested_scope" })
    expect([...new Set(read)]).toEqual(["length"])
  })
})
