import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, trail } from "@agentwrit/testing/client"
import { auditProblems } from "@agentwrit/testing/independent-audit"
import { broken, type JsonSchema, valuesOf } from "@agentwrit/testing/schema-arbitrary"
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import fc, { type Arbitrary } from "fast-check"
import { expect, test } from "vitest"
import { startWireBroker } from "./wire-broker.ts"

// Generates requests from the served document. Every answer must conform to it.

interface Operation {
  readonly parameters?: readonly {
    readonly $ref?: string
    readonly name: string
    readonly in: string
    readonly schema: JsonSchema
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }
  readonly responses: Readonly<
    Record<
      string,
      { readonly headers?: object; readonly content?: Readonly<Record<string, { readonly schema: object }>> }
    >
  >
}

/** The number of requests to each operation. */
const RUNS = 20

test("every answer to generated requests, valid and broken, conforms to the OpenAPI document", async () => {
  await using broker = await startWireBroker()
  const { url } = broker
  const document = (await call(url, "GET /v1/openapi.json")).body
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const id = "https://openapi.example/document"
  ajv.addSchema({ $id: id, ...document })
  const resolve = (reference: string): JsonSchema => {
    const [, , , name = ""] = reference.split("/")
    return document.components.schemas[name]
  }
  const app = (
    await call(url, "POST /v1/admin/apps", {
      bearer: await adminToken(url),
      json: { name: "generated", scopes: ["read:data:*"] },
    })
  ).body
  const statuses = new Set<string>()

  async function bearers(): Promise<(string | undefined)[]> {
    const admin = await adminToken(url)
    // A generated revocation of everything refuses new tokens within its second.
    let held: { access_token: string } | undefined
    await expect.poll(async () => (held = await agent(url, admin).catch(() => undefined))).toBeDefined()
    const { client_id, client_secret } = app
    const signedIn = await call(url, "POST /v1/app/auth", { json: { client_id, client_secret } })
    return [undefined, "garbage", admin, signedIn.body.access_token, held?.access_token]
  }

  for (const [path, methods] of Object.entries<Record<string, Operation>>(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const parameters = (operation.parameters ?? []).filter(({ $ref }) => $ref === undefined)
      const bodySchema = operation.requestBody?.content["application/json"]?.schema
      const bodies: Arbitrary<unknown> =
        bodySchema === undefined
          ? fc.constant(undefined)
          : valuesOf(bodySchema, resolve).chain((right) => fc.oneof(fc.constant(right), broken(right)))
      const queries = fc.record(
        Object.fromEntries(
          parameters
            .filter((one) => one.in === "query")
            .map(({ name, schema }) => [name, fc.oneof(valuesOf(schema, resolve), fc.string({ maxLength: 20 }))]),
        ),
        { requiredKeys: [] },
      )
      // A URL drops "." and ".." before it is sent: that would be another path.
      const odd = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => text !== "." && text !== "..")
      const ids = fc.oneof(fc.constant(app.app_id), odd)
      const callers = await bearers()

      await fc.assert(
        fc.asyncProperty(
          bodies,
          queries,
          ids,
          fc.integer({ min: 0, max: callers.length - 1 }),
          async (json, query, id, who) => {
            const search = new URLSearchParams(
              Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
            )
            const asked = `${path.replace(/\{\w+\}/, () => encodeURIComponent(id))}${search.size > 0 ? `?${search}` : ""}`
            const bearer = callers[who]
            const answer = await call(url, `${method.toUpperCase()} ${asked}`, {
              ...(bearer !== undefined && { bearer }),
              ...(json !== undefined && { json: isSecretBody(path, json) ? { secret: ADMIN_SECRET } : json }),
            })
            statuses.add(`${answer.status}`)
            check(operation, answer)
          },
        ),
        { numRuns: RUNS },
      )
    }
  }

  /** Sometimes the right secret, which no generator would find. */
  function isSecretBody(path: string, json: unknown): boolean {
    return path === "/v1/admin/auth" && typeof json === "object" && json !== null && Object.keys(json).length === 1
  }

  function check({ responses }: Operation, answer: Awaited<ReturnType<typeof call>>): void {
    const declared = responses[answer.status]
    if (declared === undefined) throw new Error(`${answer.status} is not declared: ${answer.text}`)
    expect(answer.status === 503 || answer.status < 500).toBe(true)
    for (const name of Object.keys(declared.headers ?? {}))
      expect([name, answer.headers.has(name)]).toEqual([name, true])
    const mediaType = answer.headers.get("content-type")?.split(";")[0]
    if (declared.content === undefined) {
      expect([mediaType, answer.text]).toEqual([undefined, ""])
      return
    }
    const content = declared.content[mediaType ?? ""]
    if (content === undefined) throw new Error(`${mediaType} is not declared for ${answer.status}`)
    const body = answer.body ?? answer.text
    const schema = JSON.parse(JSON.stringify(content.schema).replaceAll('"#/', `"${id}#/`))
    if (!ajv.validate(schema, body)) throw new Error(`${ajv.errorsText()}: ${answer.text}`)
  }

  expect([...statuses].sort()).toEqual(expect.arrayContaining(["200", "201", "400", "401", "403", "404"]))
  const events = await trail(url, await adminToken(url))
  expect(events.length).toBeGreaterThan(300)
  expect(auditProblems(events)).toEqual([])
  expect(broker.output().stderr).toBe("")
})
