import { Validator } from "@seriousme/openapi-schema-validator"
import { describe, expect, it } from "vitest"
import { createProblem, PROBLEM_CODES, problemStatus, type Route, routes } from "../src/index.ts"
import { createOpenApiDocument } from "../src/openapi.ts"
import { document, operation, parsed, validatorOf } from "./document.ts"
import { ANSWERS } from "./samples.ts"

const table = Object.entries<Route>(routes)

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
      const open = route.needsWhenClosed === undefined ? [] : [{}, { bearer: [] }]
      expect(security).toEqual(route.needs === "none" ? open : [{ bearer: [] }])
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
      expect(named("path")).toEqual(Object.keys(route.parameters?.entries ?? {}))
    })
  })

  it("has an example of every parameter, request and answer, which its schema accepts", () => {
    let examples = 0
    for (const [name, route] of table) {
      const { parameters = [], requestBody, responses } = operation(route)
      const contents = [requestBody?.content, ...Object.values(responses).map(({ content }) => content)]
      const described = [
        ...parameters.filter((one) => one.name !== undefined),
        ...contents.flatMap((content) => Object.values(content ?? {})),
      ]
      for (const { schema = {}, example } of described) {
        const validate = validatorOf(schema)
        expect(example, name).toBeDefined()
        expect(validate(example), `${name} ${JSON.stringify(validate.errors)}`).toBe(true)
        examples += 1
      }
    }
    expect(examples).toBeGreaterThan(100)
  })

  it("describes every body as it is answered", () => {
    for (const [name, wires] of Object.entries(ANSWERS)) {
      const route = routes[name as keyof typeof ANSWERS]
      const schema = operation(route).responses[route.success.status]?.content?.["application/json"]?.schema ?? {}
      const validate = validatorOf(schema)
      for (const wire of wires) {
        expect(validate(wire), `${name} ${JSON.stringify(validate.errors)}`).toBe(true)
        const [first = ""] = Object.keys(wire)
        expect(validate({ ...wire, [first]: undefined }), `${name} without ${first}`).toBe(false)
      }
    }
  })
})
