import { REVOCATION_LEVELS } from "@agentwrit/core"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decode, decodeQuery, type Route, routes } from "../src/index.ts"
import { operation, validatorOf } from "./document.ts"
import { AGENT, HEX_64, JTI, REQUESTS } from "./samples.ts"

const names = Object.keys(REQUESTS) as (keyof typeof REQUESTS)[]

const validators = new Map(
  names.map((name) => [
    name,
    validatorOf(operation(routes[name]).requestBody?.content["application/json"]?.schema ?? {}),
  ]),
)

// Texts near the bounds of every field.
const TEXTS = [
  ...[
    "",
    " ",
    ".",
    "..",
    "...",
    "task-1",
    "a/b",
    "*",
    "a\n",
    "ab",
    "a1-b2",
    "a--b",
    "a-",
    "-a",
    "1a",
    "A",
    "ä",
    "null",
  ],
  ...[
    "admin",
    "true",
    "token",
    "agent",
    "task",
    "chain",
    "success",
    "active",
    "token_revoked",
    "0",
    "1",
    "0100",
    "1000",
    "1001",
  ],
  ...[AGENT, `${AGENT}x`, ` ${AGENT}`, AGENT.replace("task-1", ".."), AGENT.replace("nightly", ""), AGENT.slice(0, -1)],
  ...[HEX_64, HEX_64.toUpperCase(), JTI, `${JTI}\n`, "app:app-ab-0a1b2c", "app:ab", "app-ab-0a1b2c", "app-a--b-0a1b2c"],
  ...["evt-000001", "evt-000000", "evt-1", "evt-0000001", "evt-1000000", "2026-03-29T00:00:00Z", "2026-03-29", "-1"],
  ...["x".repeat(64), "x".repeat(65), "x".repeat(256), "x".repeat(257), "x".repeat(2048), "x".repeat(2049)],
  ...["😀".repeat(256), "😀".repeat(257), `app-${"x".repeat(64)}-0a1b2c`, `app-${"x".repeat(65)}-0a1b2c`],
]

const SCOPES = [
  ...[
    "read:data:*",
    "admin:revoke:*",
    "app:x:y",
    "apps:x:y",
    "read:data",
    "read:data:",
    "read:data:a*",
    "*:a:b",
    "a:*:b",
  ],
  ...["a:b:c:d:", "a:b::", ":a:b", "a::b", "a b:c:d", "a,b:c:d", 'a:b:"', "a:b:\\", "a:b:[", "a:b:]", "a:b:-", "a:b:é"],
  ...["a:b:!", "a:b:~", "a:b:\u007f", "a:b:c\n", `a:b:${"c".repeat(252)}`, `a:b:${"c".repeat(253)}`],
]

const EDGES: readonly unknown[] = [
  ...TEXTS,
  ...[null, true, false, {}, [], [1], [null], 0, 1, 59, 60, 300, 86_400, 86_401, -1, 1.5],
  ...[Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER + 1],
  ...SCOPES.map((scope) => [scope]),
  ...[Array(256).fill("a:b:c"), Array(257).fill("a:b:c")],
]

/** The one rule about two fields that JSON Schema cannot express. */
function isLaunchTokenAsId(body: object): boolean {
  if (!("launch_token" in body)) return false
  return Object.entries(body).some(([name, value]) => name.endsWith("_id") && value === body.launch_token)
}

/** Whether both the parser and the document accept the body; fails where they differ. */
function agreed(name: keyof typeof REQUESTS, body: object): boolean {
  const { ok } = decode(routes[name].request, body)
  expect(validators.get(name)?.(body), `${name} ${JSON.stringify(body).slice(0, 500)}`).toBe(
    ok || isLaunchTokenAsId(body),
  )
  return ok
}

describe("the document and the parser agree on requests", () => {
  it.each(names)("at the bounds of every field of %s", (name) => {
    for (const field of Object.keys(REQUESTS[name])) {
      const accepted = EDGES.filter((value) => agreed(name, { ...REQUESTS[name], [field]: value }))
      expect(accepted.length, field).toBeGreaterThan(0)
      expect(accepted.length, field).toBeLessThan(EDGES.length)
    }
  })

  it.each(REVOCATION_LEVELS)("of a revocation at level %s", (level) => {
    const accepted = EDGES.filter((target) => agreed("revoke", { level, target }))
    expect(accepted.length).toBeGreaterThan(0)
  })

  it.each(names)("when fields of %s are missing", (name) => {
    const entries = Object.entries(REQUESTS[name])
    for (let chosen = 0; chosen < 2 ** entries.length; chosen += 1)
      agreed(name, Object.fromEntries(entries.filter((_, at) => (chosen >> at) & 1)))
  })

  it("for any JSON in any field", () => {
    const scopes = fc.array(fc.string({ unit: fc.constantFrom(...'a:*\\", -][é') }), { maxLength: 3 })
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.oneof(scopes, fc.jsonValue()), (name, at, value) => {
        const fields = Object.keys(REQUESTS[name])
        agreed(name, { ...REQUESTS[name], [fields[at % fields.length] ?? ""]: value })
      }),
      { numRuns: 1000 },
    )
  })
})

describe("the document and the parser agree on query parameters", () => {
  const queries = Object.entries<Route>(routes).flatMap(([name, route]) =>
    route.query === undefined
      ? []
      : Object.keys(route.query.entries).map((parameter) => [name, parameter, route, route.query] as const),
  )

  it.each(queries)("%s: %s", (_, name, route, query) => {
    const { schema = {} } = operation(route).parameters?.find((one) => one.name === name) ?? {}
    const validate = validatorOf(schema)
    const numeric = "type" in schema && schema.type === "integer"
    let accepted = 0
    for (const text of TEXTS) {
      const { ok } = query ? decodeQuery(query, new URLSearchParams({ [name]: text })) : { ok: false }
      // A parameter of a numeric schema is written in decimal (OpenAPI 3.1.0, section 4.8.12).
      const value = numeric && /^[0-9]+$/.test(text) ? Number(text) : text
      expect(validate(value), text).toBe(ok)
      if (ok) accepted += 1
    }
    expect(accepted).toBeGreaterThan(0)
  })
})
