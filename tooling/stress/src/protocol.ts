import { Agent, request } from "node:http"
import { ADMIN_SECRET, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, launchToken, registration, trail } from "@agentwrit/testing/client"
import { auditProblems } from "@agentwrit/testing/independent-audit"
import { Random } from "@agentwrit/testing/random"
import { broken } from "@agentwrit/testing/schema-arbitrary"
import { registerApp } from "@agentwrit/testing/sdk-app"
import fc from "fast-check"
import { answerProblems, type RawAnswer, secretsIn } from "./answers.ts"
import { LONG_TTLS } from "./crashes.ts"
import type { Scenario } from "./stage.ts"
import { mutatedToken } from "./token-attacks.ts"

const CLIENTS = 16

const ANSWER_TIMEOUT_MS = 15_000

/** How many secrets are searched for. */
const MAX_SECRETS = 300

/**
 * Right and wrong requests to every operation of the OpenAPI document. No answer, log line or event may hold a secret.
 */
export const protocol: Scenario = {
  name: "protocol",
  async run(stage) {
    const seed = stage.seed()
    const random = new Random(seed)
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, { AA_LOG_LEVEL: "trace", ...LONG_TTLS })
    const { url } = broker
    const secrets = [ADMIN_SECRET]
    const rightRequest = await rightRequests(url, secrets)
    const document = (await call(url, "GET /v1/openapi.json")).body
    const operations: Operation[] = Object.entries<Record<string, { parameters?: Parameter[] }>>(
      document.paths,
    ).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [] }]) => ({
        name: `${method.toUpperCase()} ${path}`,
        queries: parameters.filter((one) => one.in === "query").map((one) => one.name),
      })),
    )
    const statuses = new Map<number, number>()
    const done = new Set<string>()
    const sockets = new Agent({ keepAlive: true, maxSockets: CLIENTS })
    let left = stage.profile.protocol.requests
    // Each operation succeeds once at first: later the limit of wrong secrets, for example, may refuse the right one.
    const firstRequests = [...operations]
    const client = async (): Promise<void> => {
      while (left-- > 0 && !stage.isOver) {
        const first = firstRequests.shift()
        const operation = first ?? (random.pick(operations) as Operation)
        const isRight = first !== undefined || random.chance(0.3)
        const asked = spoiled(await rightRequest(operation.name), operation, isRight, random)
        const said = `${asked.method} ${asked.path} ${asked.body.slice(0, 200)}`
        const answer = await send(url, asked, sockets).catch((error: Error) => error)
        if (answer instanceof Error) {
          stage.check([answer.message], seed, said)
          continue
        }
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        // A problem document names the path of the request.
        const known = secrets.filter((secret) => !asked.path.includes(secret))
        stage.check(answerProblems(answer, known), seed, said)
        if (answer.status >= 300) continue
        done.add(operation.name)
        if (asked.method !== "POST") continue
        for (const [, secret = ""] of answer.text.matchAll(/"(?:access_token|launch_token|client_secret)":"([^"]+)"/g))
          if (secrets.length < MAX_SECRETS) secrets.push(secret)
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    sockets.destroy()

    const events = await trail(url, await adminToken(url))
    const { stdout, stderr } = await broker.end("SIGTERM")
    const logged = stdout.match(/^\[AA:BROKER:TRACE\]/gm)?.length ?? 0
    const dropped = [...stdout.matchAll(/ lines dropped \| count=(\d+)$/gm)].reduce(
      (sum, [, lines]) => sum + Number(lines),
      0,
    )
    const answered = [...statuses.values()].reduce((sum, times) => sum + times, 0)
    const problems = [
      ...auditProblems(events),
      ...secretsIn(JSON.stringify(events), secrets).map((secret) => `the trail holds the secret ${secret}`),
      ...secretsIn(stdout + stderr, secrets).map((secret) => `the log holds the secret ${secret}`),
      ...operations.filter(({ name }) => !done.has(name)).map(({ name }) => `${name} never succeeded`),
    ]
    if (logged + dropped < answered) problems.push(`the log has ${logged} lines for ${answered} answers`)
    stage.check(problems, seed)
    if (dropped > 0) stage.skip(`the search of ${dropped} log lines, which the broker dropped`)
    stage.notes.push(
      [...statuses]
        .sort()
        .map((pair) => pair.join(": "))
        .join(", "),
    )
  },
}

interface Parameter {
  readonly name: string
  readonly in: string
}

/** An operation of the document. */
interface Operation {
  /** Method and path. */
  readonly name: string
  readonly queries: readonly string[]
}

/** Makes requests that succeed. It makes what a request uses up first. */
async function rightRequests(url: string, secrets: string[]) {
  const keep = (secret: string): string => {
    if (secrets.length < MAX_SECRETS) secrets.push(secret)
    return secret
  }
  const admin = keep(await adminToken(url))
  const reusable = keep(await launchToken(url, admin, { single_use: false, ttl: 86_400 }))
  const { appId, clientId, clientSecret } = await registerApp(url, admin)
  const signIn = { client_id: clientId, client_secret: keep(clientSecret) }
  const appToken = keep((await call(url, "POST /v1/app/auth", { json: signIn })).body.access_token)
  const delegate = await agent(url, admin)
  const policy = { agent_name: "tester", allowed_scope: ["read:data:*"] }
  let names = 0
  const bodyOf: Record<string, () => unknown> = {
    "POST /v1/register": () => registration(url, reusable),
    "POST /v1/app/auth": () => signIn,
    "POST /v1/admin/auth": () => ({ secret: ADMIN_SECRET }),
    "POST /v1/token/validate": () => ({ token: admin }),
    "POST /v1/delegate": () => ({ delegate_to: delegate.agent_id, scope: ["read:data:7"] }),
    "POST /v1/admin/launch-tokens": () => policy,
    "POST /v1/app/launch-tokens": () => policy,
    "POST /v1/admin/apps": () => ({ name: `made-${++names}`, scopes: ["read:data:*"] }),
    "PUT /v1/admin/apps/{id}": () => ({ scopes: ["read:data:*"] }),
    "POST /v1/revoke": () => ({ level: "task", target: "nothing" }),
    "POST /v1/revoke/preview": () => ({ level: "task", target: "nothing" }),
  }
  const bearerOf = async (name: string): Promise<string> => {
    if (name === "POST /v1/token/release") return keep(await adminToken(url))
    if (name === "POST /v1/token/renew" || name === "POST /v1/delegate")
      return keep((await agent(url, admin)).access_token)
    return name.includes(" /v1/app/") ? appToken : admin
  }
  const idOf = async (name: string): Promise<string> => {
    if (!name.startsWith("DELETE ")) return appId
    if (name.includes("/keys/")) {
      await call(url, "POST /v1/admin/keys/rotate", { bearer: admin })
      const { keys } = (await call(url, "GET /v1/admin/keys", { bearer: admin })).body
      return keys.find(({ state }: { state: string }) => state === "next")?.kid ?? "none"
    }
    if (!name.includes("/launch-tokens/")) return (await registerApp(url, admin)).appId
    const creation = name.replace("DELETE", "POST").replace("/{id}", "")
    return (await call(url, creation, { bearer: await bearerOf(name), json: policy })).body.id
  }
  return async (name: string) => ({
    name,
    bearer: await bearerOf(name),
    id: await idOf(name),
    body: await bodyOf[name]?.(),
  })
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
}

const ODD_TEXTS = ["", "%00", "%zz", "..%2f..%2fetc", "'%20OR%201=1--", "%C0%AF", "x".repeat(3000), "-1", "1e999", "5"]

/** The request as it is, or with some faults. */
type Right = Awaited<ReturnType<Awaited<ReturnType<typeof rightRequests>>>>

function spoiled({ name, bearer, id, body }: Right, { queries }: Operation, isRight: boolean, random: Random): Asked {
  const [method = "GET", path = "/"] = name.split(" ")
  const isWrong = (probability: number): boolean => !isRight && random.chance(probability)
  const [wrong] = fc.sample(broken(body), { numRuns: 1, seed: random.fork() })
  const text = JSON.stringify(isWrong(0.6) ? wrong : body) ?? ""
  const query = queries.filter(() => isWrong(0.3)).map((key) => `${key}=${random.pick(ODD_TEXTS)}`)
  return {
    method: isWrong(0.03) ? "PATCH" : method,
    path: `${path.replace(/\{\w+\}/, () => (isWrong(0.4) ? (random.pick(ODD_TEXTS) ?? "") : id))}?${query.join("&")}`,
    headers: {
      "x-forwarded-for": `198.18.${random.integer(0, 250)}.${random.integer(0, 250)}`,
      ...(!isWrong(0.2) && { authorization: `Bearer ${isWrong(0.3) ? mutatedToken(bearer, random) : bearer}` }),
      ...(isWrong(0.1) && { "content-type": "text/plain" }),
    },
    body: isWrong(0.1) ? text.slice(0, random.integer(0, 60)) : text,
  }
}

/** Sends the request as it is, and rejects when no complete answer arrives in time. */
function send(url: string, { method, path, headers, body }: Asked, sockets: Agent): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = method === "GET" ? "" : body
    const framed = { ...headers, "content-length": String(Buffer.byteLength(sent)) }
    const asked = request(url + path, { method, headers: framed, agent: sockets }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
      response.on("end", () => {
        const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}`)
        resolve({ status: response.statusCode ?? 0, text, headers: lines.join("\n") })
      })
      response.on("error", reject)
    })
    const timer = setTimeout(() => asked.destroy(new Error("no complete answer in time")), ANSWER_TIMEOUT_MS)
    asked.on("close", () => clearTimeout(timer)).on("error", reject)
    asked.end(sent)
  })
}
