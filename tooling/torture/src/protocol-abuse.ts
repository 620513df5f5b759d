import { Agent, request } from "node:http"
import { ADMIN_SECRET, brokerFolder, startBroker } from "@agentwrit/e2e/broker-process"
import { adminToken, agent, call, launchToken, registration, trail } from "@agentwrit/e2e/client"
import { auditProblems } from "@agentwrit/e2e/independent-audit"
import { type JsonSchema, valuesOf } from "@agentwrit/e2e/schema-arbitrary"
import fc from "fast-check"
import { mutated, mutatedToken } from "./mutators.ts"
import { Random } from "./random.ts"
import { Secrets } from "./secrets.ts"
import type { Scenario, Stage } from "./stage.ts"

/** Milliseconds after which an answer that has not come is a hang. */
const HANG = 15_000

/** Requests under way at once. */
const CLIENTS = 24

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
  secrets.add(ADMIN_SECRET)
  const admin = await adminToken(url)
  const requests = await requestMaker(url, admin, random, secrets)
  const statuses = new Map<number, number>()
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
  const events = await trail(url, await adminToken(url))
  const { stdout, stderr } = broker.output()
  const problems = auditProblems(events)
  for (const secret of secrets.in(JSON.stringify(events)))
    problems.push(`the trail holds the secret ${secret.slice(0, 8)}…`)
  for (const secret of secrets.in(stdout + stderr)) problems.push(`the log holds the secret ${secret.slice(0, 8)}…`)
  if (/a request ran into a bug/.test(stderr)) problems.push(`the log tells of a bug: ${stderr.slice(0, 2000)}`)
  row.check(problems, seed)
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | undefined
}

/** Draws requests; everything that it hands out or plants is a secret from then on. */
async function requestMaker(url: string, admin: string, random: Random, secrets: Secrets): Promise<() => Asked> {
  const document = (await call(url, "GET /v1/openapi.json")).body
  const resolve = (reference: string): JsonSchema => document.components.schemas[reference.split("/").at(-1) ?? ""]
  const operations: { method: string; path: string; bodies: Record<string, unknown>[] }[] = []
  for (const [path, methods] of Object.entries<
    Record<string, { requestBody?: { content: Record<string, { schema: JsonSchema }> } }>
  >(document.paths)) {
    for (const [method, { requestBody }] of Object.entries(methods)) {
      const schema = requestBody?.content["application/json"]?.schema
      const bodies =
        schema === undefined ? [] : fc.sample(valuesOf(schema, resolve), { numRuns: 60, seed: random.seed })
      operations.push({ method: method.toUpperCase(), path, bodies: bodies as Record<string, unknown>[] })
    }
  }
  const reusable = await launchToken(url, admin, { single_use: false, ttl: 86_400 })
  const right = await registration(url, reusable)
  const app = (
    await call(url, "POST /v1/admin/apps", { bearer: admin, json: { name: "abused", scopes: ["read:data:*"] } })
  ).body
  const signIn = { client_id: app.client_id, client_secret: app.client_secret }
  const signedIn = (await call(url, "POST /v1/app/auth", { json: signIn })).body
  const held = await agent(url, admin)
  for (const secret of [
    admin,
    reusable,
    app.client_secret,
    signedIn.access_token,
    held.access_token,
    right["signature"],
  ])
    secrets.add(secret)
  const expendable = await adminToken(url)
  secrets.add(expendable)
  const rightBodies: Record<string, Record<string, unknown>> = {
    "/v1/register": right,
    "/v1/app/auth": signIn,
    "/v1/admin/auth": { secret: ADMIN_SECRET },
    "/v1/token/validate": { token: held.access_token },
    "/v1/delegate": { delegate_to: held.agent_id, scope: ["read:data:7"] },
  }
  const bearers = [admin, signedIn.access_token, held.access_token]
  return () => {
    const { method, path, bodies } = random.pick(operations) ?? { method: "GET", path: "/", bodies: [] }
    const base = random.chance(0.4) ? (rightBodies[path] ?? random.pick(bodies)) : random.pick(bodies)
    const isRevocation = path === "/v1/revoke" || path.endsWith("{id}") || path === "/v1/token/release"
    // What would end the run's own credentials is asked for with one that may be lost.
    const bearer = isRevocation ? expendable : (random.pick(bearers) ?? "")
    const token = random.chance(0.3) ? mutatedToken(bearer, random) : bearer
    const query = random.chance(0.2)
      ? `?${encodeURIComponent(random.pick(["limit", "offset", "since", "after", "status", "x"]) ?? "")}=${encodeURIComponent(random.pick(["0", "-1", "1e9", "", "evt-1", "\u0000", "active", "9".repeat(40), "2026-01-01T00:00:00Z"]) ?? "")}`
      : ""
    return {
      method: random.chance(0.03) ? (random.pick(["PATCH", "OPTIONS", "HEAD", "PUT", "DELETE"]) ?? "GET") : method,
      path:
        path.replace("{id}", encodeURIComponent(random.pick([app.app_id, "app-x-000000", "..", "%00", "é"]) ?? "")) +
        query,
      headers: {
        "x-forwarded-for": `198.18.${random.integer(0, 250)}.${random.integer(0, 250)}`,
        ...(random.chance(0.8) && { authorization: `Bearer ${headerSafe(token)}` }),
        ...(random.chance(0.1) && {
          "content-type": random.pick(["text/plain", "application/xml", "x", "multipart/form-data"]) ?? "",
        }),
        ...(random.chance(0.05) && { "x-request-id": random.pick(["a".repeat(128), "a b", "<x>", "ok-1"]) ?? "" }),
      },
      body: base === undefined ? undefined : mutated(base, random),
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
