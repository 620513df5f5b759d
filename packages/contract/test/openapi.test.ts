import { Validator } from "@seriousme/openapi-schema-validator"
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createProblem, decode, PROBLEM_CODES, problemStatus, type Route, routes } from "../src/index.ts"
import { createOpenApiDocument } from "../src/openapi.ts"
import { AGENT, HEX_64, JTI, REQUESTS, RESPONSES } from "./samples.ts"

interface Operation {
  operationId: string
  security: object[]
  parameters?: { name?: string; in?: string; schema?: object; required?: boolean }[]
  requestBody?: { content: Content }
  responses: Record<string, { headers: object; content?: Content; description: string }>
}
type Content = Record<string, { schema: object }>

const document = createOpenApiDocument({ version: "2.0.0" })
const parsed = JSON.parse(JSON.stringify(document)) as {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> } & Record<string, Record<string, object>>
}
const table = Object.entries<Route>(routes)

const ajv = new Ajv2020({ strict: false })
addFormats.default(ajv)
ajv.addSchema({ $id: "https://test.example/openapi", ...parsed })

/** A validator of one schema of the document. */
function validatorOf(schema: object) {
  return ajv.compile(
    JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"https://test.example/openapi#/components')),
  )
}

function operation({ path, method }: Route): Operation {
  const found = parsed.paths[path]?.[method.toLowerCase()]
  if (found === undefined) throw new Error(`${method} ${path} is not in the document`)
  return found
}

describe("the OpenAPI document", () => {
  it("is valid OpenAPI 3.1", async () => {
    const validator = new Validator()
    expect(await validator.validate(JSON.parse(JSON.stringify(document)))).toEqual({ valid: true })
    expect(validator.version).toBe("3.1")
    const broken = JSON.parse(JSON.stringify(document).replace('"responses"', '"answers"').replace('"title"', '"name"'))
    expect((await new Validator().validate(broken)).valid).toBe(false)
  })

  it("is the same, byte for byte, each time", () => {
    expect(JSON.stringify(createOpenApiDocument({ version: "2.0.0" }))).toBe(JSON.stringify(document))
  })

  it("carries the version and the server that it was given", () => {
    expect(document.info).toMatchObject({ version: "2.0.0" })
    expect(Object.keys(document)).not.toContain("servers")
    const served = createOpenApiDocument({ version: "9", serverUrl: "https://broker.example" })
    expect(served).toMatchObject({ servers: [{ url: "https://broker.example" }] })
  })

  it("holds every route and no other", () => {
    const operations = Object.entries(parsed.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`),
    )
    expect(operations.toSorted()).toEqual(
      table.map(([name, { method, path }]) => `${name} ${method} ${path}`).toSorted(),
    )
  })

  it("has no reference that leads nowhere, and no component that nothing leads to", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([\w-]+)"/g)]
    for (const [, kind = "", name = ""] of references) expect(parsed.components[kind]?.[name], name).toBeDefined()
    const used = new Set(references.map(([, , name]) => name))
    const unused = Object.keys(parsed.components.schemas).filter((name) => !used.has(name))
    // The feed's payload travels inside a JWS, so no operation can refer to it.
    expect(unused).toEqual(["RevocationFeed"])
  })

  describe.each(table)("of %s", (_, route) => {
    const { parameters = [], requestBody, responses, security } = operation(route)

    it("asks for a bearer token where the route does", () => {
      expect(security).toEqual(route.needs === "none" ? [] : [{ bearer: [] }])
    })

    it("declares the route's statuses, and with each its headers", () => {
      const statuses = [route.success.status, ...(route.otherwise ? [503] : []), ...route.problems.map(problemStatus)]
      expect(Object.keys(responses)).toEqual([...new Set(statuses)].toSorted((a, b) => a - b).map(String))
      for (const [status, { headers }] of Object.entries(responses)) {
        const more = { "401": ["WWW-Authenticate"], "429": ["Retry-After"], "503": ["Retry-After"] }[status] ?? []
        expect(Object.keys(headers)).toEqual(["X-Request-ID", ...more])
      }
    })

    it("declares each problem under its status", () => {
      for (const code of PROBLEM_CODES) {
        const schema = responses[String(problemStatus(code))]?.content?.["application/problem+json"]?.schema
        const wire = createProblem({ code, detail: "d", instance: route.path, requestId: "r", hint: "h" })
        expect(schema !== undefined && validatorOf(schema)(wire), code).toBe(route.problems.includes(code))
      }
    })

    it("declares a body, query and path parameters where the route has them", () => {
      expect(requestBody !== undefined).toBe(route.request !== undefined)
      const named = (place: string) => parameters.filter((one) => one.in === place).map((one) => one.name)
      expect(named("query")).toEqual(Object.keys(route.query?.entries ?? {}))
      expect(named("path")).toEqual(Object.keys(route.parameters ?? {}))
    })
  })

  it("describes every body as it is answered", () => {
    for (const [name, wires] of Object.entries(RESPONSES)) {
      const route = routes[name as keyof typeof RESPONSES]
      const schema = operation(route).responses[route.success.status]?.content?.["application/json"]?.schema ?? {}
      const validate = validatorOf(schema)
      for (const wire of wires) {
        expect(validate(wire), `${name} ${JSON.stringify(validate.errors)}`).toBe(true)
        const [first = ""] = Object.keys(wire)
        expect(validate({ ...wire, [first]: undefined }), `${name} without ${first}`).toBe(false)
      }
    }
  })

  it("says of requests what their parser does", () => {
    const names = Object.keys(REQUESTS) as (keyof typeof REQUESTS)[]
    const validators = new Map(
      names.map((name) => [
        name,
        validatorOf(operation(routes[name]).requestBody?.content["application/json"]?.schema ?? {}),
      ]),
    )
    // Values near the edges of every field, and any other JSON.
    const near = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        true,
        "",
        ".",
        "..",
        "task-1",
        "a/b",
        "ab",
        "a--b",
        "a-",
        "A",
        "admin",
        "token",
        "agent",
        "task",
        "chain",
        AGENT,
        `${AGENT}x`,
        HEX_64,
        JTI,
        "app:app-ab-0a1b2c",
        "app:ab",
        "spiffe://x/agent/../t/0123456789abcdef",
        0,
        1,
        59,
        60,
        86_400,
        86_401,
        -1,
        1.5,
        "x".repeat(256),
        "x".repeat(257),
        "😀".repeat(256),
        "x".repeat(2049),
        [],
        ["read:data:*"],
        ["admin:revoke:*"],
        ["app:x:y"],
        ["read:data"],
        ["read:data:a*"],
        ["a:b:c:d:"],
        [1],
        Array(256).fill("a:b:c"),
        Array(257).fill("a:b:c"),
      ),
      fc.array(fc.string({ unit: fc.constantFrom("a", ":", "*", "\\", '"', ",", " ", "-", "]", "[", "é") }), {
        maxLength: 3,
      }),
      fc.jsonValue(),
    )
    let accepted = 0
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), near, (name, at, value) => {
        const keys = Object.keys(REQUESTS[name])
        const body = { ...REQUESTS[name], [keys[at % keys.length] ?? ""]: value }
        const { ok } = decode(routes[name].request, body)
        if (ok) accepted += 1
        expect(validators.get(name)?.(body), JSON.stringify(body)).toBe(ok || isLaunchTokenAsId(body))
      }),
      { numRuns: 5000 },
    )
    expect(accepted).toBeGreaterThan(300)
    for (const name of names) {
      const rest = Object.fromEntries(Object.entries(REQUESTS[name]).slice(1))
      for (const body of [{}, rest, []])
        expect(validators.get(name)?.(body), name).toBe(decode(routes[name].request, body).ok)
    }
  })
})

/** The one rule between two fields that JSON Schema has no words for. */
function isLaunchTokenAsId(body: object): boolean {
  return (
    "launch_token" in body &&
    Object.entries(body).some(([name, value]) => name.endsWith("_id") && value === body.launch_token)
  )
}
