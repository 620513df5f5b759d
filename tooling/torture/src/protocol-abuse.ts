import { Agent, request } from "node:http"
import { brokerFolder, startBroker } from "@agentwrit/e2e/broker-process"
import { adminToken, call, trail } from "@agentwrit/e2e/client"
import { auditProblems } from "@agentwrit/e2e/independent-audit"
import { type JsonSchema, valuesOf } from "@agentwrit/e2e/schema-arbitrary"
import fc from "fast-check"
import { Credentials } from "./credentials.ts"
import { mutated, mutatedToken } from "./mutators.ts"
import { Random } from "./random.ts"
import { Secrets } from "./secrets.ts"
import type { Scenario, Stage } from "./stage.ts"

/** Milliseconds after which an answer that has not come is a hang. */
const HANG = 15_000

/** Requests under way at once. */
const CLIENTS = 24

/** Requests of an operation among which one surely comes to its end. */
const TRIES = 500

/** What came back. */
export interface RawAnswer {
  readonly status: number
  readonly text: string
  readonly headers: string
}

/** What an answer must not be, whatever was asked. */
export function answerProblems(asked: string, { status, text, headers }: RawAnswer, secrets: Secrets): string[] {
  const problems: string[] = []
  if (status >= 500 && status !== 503) problems.push(`${asked} is answered with ${status}: ${text}`)
  if (/^\s+at .*(:\d+:\d+|node:)/m.test(text) || /node_modules|\.[jt]s:\d+/.test(text))
    problems.push(`${asked} is answered with a stack trace: ${text}`)
  if (!/x-request-id/i.test(headers)) problems.push(`${asked} is answered without X-Request-ID`)
  if (status >= 400)
    for (const secret of secrets.in(text)) problems.push(`${asked} is answered with the secret ${secret.slice(0, 8)}…`)
  return problems
}

/** Operations that never came to their end: what is always turned away at the guards is hardly tried. */
export function turnedAway(operations: readonly string[], done: ReadonlySet<string>, requests: number): string[] {
  if (requests < operations.length * TRIES) return []
  return operations.filter((name) => !done.has(name)).map((name) => `no ${name} came to its end`)
}

/** Requests that are right, almost right and absurd, for every route of the OpenAPI document. */
export const protocolAbuse: Scenario = {
  name: "protocol",
  run: (stage) => abuseProtocol(stage, stage.profile.protocol.requests),
}

/** Sends so many requests, and writes down every answer that must not be. */
export async function abuseProtocol(
  stage: Stage,
  count: number,
  environment: Record<string, string> = {},
): Promise<void> {
  const row = stage.report.row("protocol")
  const seed = stage.seed()
  const random = new Random(seed)
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, {
    AA_ADMIN_TOKEN_TTL: "86400",
    AA_APP_TOKEN_TTL: "86400",
    ...environment,
  })
  const { url } = broker
  const secrets = new Secrets()
  const credentials = await Credentials.of(url, secrets)
  const operations = await documentedOperations(url, random.seed)
  const requests = requestMaker(operations, credentials, random)
  const statuses = new Map<number, number>()
  const done = new Set<string>()
  const agentOfSockets = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  let left = count
  const client = async (): Promise<void> => {
    while (left-- > 0 && !stage.isOver) {
      const asked = requests()
      const answer = await send(url, asked, agentOfSockets).catch((error: Error) => error)
      if (answer instanceof Error) row.check([`${asked.method} ${asked.path}: ${answer.message}`], seed)
      else {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        row.check(answerProblems(`${asked.method} ${asked.path} ${asked.body?.slice(0, 200)}`, answer, secrets), seed)
        if (answer.status < 300) done.add(asked.operation)
        await credentials.replace({ ...asked, ...answer })
      }
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  agentOfSockets.destroy()
  row.note(
    [...statuses]
      .sort()
      .map(([status, count]) => `${status}: ${count}`)
      .join(", "),
  )
  const names = operations.map(({ name }) => name)
  row.note(`${names.filter((name) => done.has(name)).length} of ${names.length} operations came to their end`)
  const events = await trail(url, await adminToken(url))
  const { stdout, stderr } = broker.output()
  const problems = [...auditProblems(events), ...turnedAway(names, done, count)]
  for (const secret of secrets.in(JSON.stringify(events)))
    problems.push(`the trail holds the secret ${secret.slice(0, 8)}…`)
  for (const secret of secrets.in(stdout + stderr)) problems.push(`the log holds the secret ${secret.slice(0, 8)}…`)
  if (/a request ran into a bug/.test(stderr)) problems.push(`the log tells of a bug: ${stderr.slice(0, 2000)}`)
  row.check(problems, seed)
}

interface Asked {
  /** Method and path as the OpenAPI document names them. */
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | undefined
}

/** An operation of the OpenAPI document, and bodies that its schema allows. */
interface Operation {
  readonly name: string
  readonly bodies: readonly Record<string, unknown>[]
}

async function documentedOperations(url: string, seed: number): Promise<readonly Operation[]> {
  const document = (await call(url, "GET /v1/openapi.json")).body
  const resolve = (reference: string): JsonSchema => document.components.schemas[reference.split("/").at(-1) ?? ""]
  const paths = Object.entries<Record<string, { requestBody?: { content: Record<string, { schema: JsonSchema }> } }>>(
    document.paths,
  )
  return paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]) => {
      const schema = requestBody?.content["application/json"]?.schema
      const bodies = schema === undefined ? [] : fc.sample(valuesOf(schema, resolve), { numRuns: 60, seed })
      return { name: `${method.toUpperCase()} ${path}`, bodies: bodies as Record<string, unknown>[] }
    }),
  )
}

/** Draws requests. */
function requestMaker(operations: readonly Operation[], credentials: Credentials, random: Random): () => Asked {
  return () => {
    const { name, bodies } = random.pick(operations) ?? { name: "GET /", bodies: [] }
    const [documented = "GET", path = "/"] = name.split(" ")
    const base = random.chance(0.4) ? (credentials.bodyOf(name) ?? random.pick(bodies)) : random.pick(bodies)
    // A release ends the token that asks for it.
    const isFitting = path === "/v1/token/release" || random.chance(0.5)
    const bearer = isFitting ? credentials.bearerOf(name) : (random.pick(credentials.bearers) ?? "")
    const token = random.chance(0.3) ? mutatedToken(bearer, random) : bearer
    const query = random.chance(0.2)
      ? `?${encodeURIComponent(random.pick(["limit", "offset", "since", "after", "status", "x"]) ?? "")}=${encodeURIComponent(random.pick(["0", "-1", "1e9", "", "evt-1", "\u0000", "active", "9".repeat(40), "2026-01-01T00:00:00Z"]) ?? "")}`
      : ""
    const method = random.chance(0.03)
      ? (random.pick(["PATCH", "OPTIONS", "HEAD", "PUT", "DELETE"]) ?? "GET")
      : documented
    const id = random.pick([credentials.appId, "app-x-000000", "..", "%00", "é"]) ?? ""
    return {
      operation: `${method} ${path}`,
      method,
      path: path.replace("{id}", encodeURIComponent(id)) + query,
      headers: {
        "x-forwarded-for": `198.18.${random.integer(0, 250)}.${random.integer(0, 250)}`,
        ...(random.chance(0.8) && { authorization: `Bearer ${headerSafe(token)}` }),
        ...(random.chance(0.1) && {
          "content-type": random.pick(["text/plain", "application/xml", "x", "multipart/form-data"]) ?? "",
        }),
        ...(random.chance(0.05) && { "x-request-id": random.pick(["a".repeat(128), "a b", "<x>", "ok-1"]) ?? "" }),
      },
      body: base === undefined ? undefined : random.chance(0.2) ? JSON.stringify(base) : mutated(base, random),
    }
  }
}

/** A header takes no line breaks; Node's own client refuses to send them. */
const headerSafe = (text: string): string => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "?")

function send(url: string, { method, path, headers, body }: Asked, sockets: Agent): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = method === "GET" || method === "HEAD" ? "" : (body ?? "")
    // Node's client frames no body of a DELETE by itself.
    const framed = { ...headers, "content-length": String(Buffer.byteLength(sent)) }
    const asked = request(url + path, { method, headers: framed, agent: sockets, timeout: HANG }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text, headers: Object.keys(response.headers).join() }),
      )
      response.on("error", reject)
    })
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${HANG} ms`)))
    asked.on("error", reject)
    asked.end(sent)
  })
}
