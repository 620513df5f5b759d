import { Agent, request } from "node:http"
import { ADMIN_SECRET, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, launchToken, registration, trail } from "@agentwrit/testing/client"
import { auditProblems } from "@agentwrit/testing/independent-audit"
import { broken, type JsonSchema, valuesOf } from "@agentwrit/testing/schema-arbitrary"
import fc from "fast-check"
import { answerProblems, type RawAnswer, secretsIn } from "./answers.ts"
import { LONG_TTLS } from "./crashes.ts"
import { Random } from "./random.ts"
import type { Scenario } from "./stage.ts"
import { mutatedToken } from "./token-attacks.ts"

const CLIENTS = 16

const ANSWER_TIMEOUT_MS = 15_000

/** How many secrets are searched for. */
const MAX_SECRETS = 300

/** Right and wrong requests to every operation of the OpenAPI document. No answer, log line or event may hold a secret. */
export const protocol: Scenario = {
  name: "protocol",
  async run(stage) {
    const seed = stage.seed()
    const random = new Random(seed)
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, { AA_LOG_LEVEL: "trace", ...LONG_TTLS })
    const { url } = broker
    const caller = await Caller.of(url)
    const operations = await documentedOperations(url, seed)
    const statuses = new Map<number, number>()
    const done = new Set<string>()
    const sockets = new Agent({ keepAlive: true, maxSockets: CLIENTS })
    let left = stage.profile.protocol.requests
    const client = async (): Promise<void> => {
      while (left-- > 0 && !stage.isOver) {
        const operation = random.pick(operations)
        if (operation === undefined) return
        const asked = await requestOf(operation, caller, random)
        const answer = await send(url, asked, sockets).catch((error: Error) => error)
        const said = `${asked.method} ${asked.path} ${asked.body.slice(0, 200)}`
        if (answer instanceof Error) {
          stage.check([`${said}: ${answer.message}`], seed)
          continue
        }
        const { status, text } = answer
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status < 300) done.add(operation.name)
        // A success may contain the secret that it issues, and a problem names the path of the request.
        const known = caller.secrets.filter((secret) => !asked.path.includes(secret))
        stage.check(
          answerProblems(answer, known).map((problem) => `${said}: ${problem}`),
          seed,
        )
        if (status < 300) caller.learn(text)
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    sockets.destroy()

    const events = await trail(url, await adminToken(url))
    const { stdout, stderr } = await broker.end("SIGTERM")
    const answered = [...statuses.values()].reduce((sum, times) => sum + times, 0)
    const logged = stdout.match(/^\[AA:BROKER:TRACE\]/gm)?.length ?? 0
    const dropped = [...stdout.matchAll(/ lines dropped \| count=(\d+)$/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    )
    const leaks = secretsIn(JSON.stringify(events), caller.secrets).map(
      (secret) => `the trail holds the secret ${secret}`,
    )
    leaks.push(...secretsIn(stdout + stderr, caller.secrets).map((secret) => `the log holds the secret ${secret}`))
    if (logged + dropped < answered) leaks.push(`the log has ${logged} lines for ${answered} answers`)
    if (dropped > 0) stage.skip(`the search of ${dropped} log lines, which the broker dropped`)
    const undone = operations.filter(({ name }) => !done.has(name)).map(({ name }) => `${name} never succeeded`)
    stage.check([...auditProblems(events), ...leaks, ...undone], seed)
    stage.notes.push(
      [...statuses]
        .sort()
        .map((pair) => pair.join(": "))
        .join(", "),
    )
  },
}

/** An operation of the document, and values that its schemas allow. */
interface Operation {
  /** Method and path. */
  readonly name: string
  readonly bodies: readonly unknown[]
  readonly queries: Readonly<Record<string, readonly unknown[]>>
}

interface Documented {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }
  readonly parameters?: readonly { readonly name?: string; readonly in?: string; readonly schema?: JsonSchema }[]
}

async function documentedOperations(url: string, seed: number): Promise<Operation[]> {
  const document = (await call(url, "GET /v1/openapi.json")).body
  const sample = (schema: JsonSchema) =>
    fc.sample(
      valuesOf(schema, (name) => document.components.schemas[name.split("/").at(-1) ?? ""]),
      { numRuns: 60, seed },
    )
  return Object.entries<Record<string, Documented>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody, parameters = [] }]) => {
      const schema = requestBody?.content["application/json"]?.schema
      const queries = parameters.filter((one) => one.in === "query" && one.name !== undefined)
      return {
        name: `${method.toUpperCase()} ${path}`,
        bodies: schema === undefined ? [] : sample(schema),
        queries: Object.fromEntries(queries.map(({ name, schema = {} }) => [name, sample(schema)])),
      }
    }),
  )
}

/** Holds what a right request needs. */
class Caller {
  /** Everything that must never be logged or answered again. */
  readonly secrets: string[] = [ADMIN_SECRET]
  readonly #url: string
  readonly #admin: string
  readonly #launchToken: string
  #delegate = ""
  #app: Record<string, string> = {}
  #names = 0

  private constructor(url: string, admin: string, reusable: string) {
    this.#url = url
    this.#admin = this.#secret(admin)
    this.#launchToken = this.#secret(reusable)
  }

  static async of(url: string): Promise<Caller> {
    const admin = await adminToken(url)
    const caller = new Caller(url, admin, await launchToken(url, admin, { single_use: false, ttl: 86_400 }))
    caller.#app = await caller.#makeApp()
    caller.#delegate = (await agent(url, admin)).agent_id
    return caller
  }

  /** Remembers the secrets of a successful answer. */
  learn(text: string): void {
    for (const [, secret = ""] of text.matchAll(/"(?:access_token|launch_token|client_secret)":"([^"]+)"/g))
      this.#secret(secret)
  }

  /** A token that this operation accepts. What a request uses up is made for it. */
  async bearerOf(name: string): Promise<string> {
    if (name === "POST /v1/token/release") return this.#secret(await adminToken(this.#url))
    if (name === "POST /v1/token/renew" || name === "POST /v1/delegate")
      return this.#secret((await agent(this.#url, this.#admin)).access_token)
    if (!name.includes(" /v1/app/")) return this.#admin
    const { client_id, client_secret } = this.#app
    return this.#secret(
      (await call(this.#url, "POST /v1/app/auth", { json: { client_id, client_secret } })).body.access_token,
    )
  }

  async appIdFor(name: string): Promise<string> {
    return (name.startsWith("DELETE ") ? await this.#makeApp() : this.#app)["app_id"] ?? ""
  }

  /** A body that this operation accepts; `undefined` when it takes none. */
  async bodyOf(name: string): Promise<Record<string, unknown> | undefined> {
    const { client_id, client_secret } = this.#app
    const policy = { agent_name: "tester", allowed_scope: ["read:data:*"] }
    const bodies: Record<string, Record<string, unknown>> = {
      "POST /v1/app/auth": { client_id, client_secret },
      "POST /v1/admin/auth": { secret: ADMIN_SECRET },
      "POST /v1/token/validate": { token: this.#admin },
      "POST /v1/delegate": { delegate_to: this.#delegate, scope: ["read:data:7"] },
      "POST /v1/admin/launch-tokens": policy,
      "POST /v1/app/launch-tokens": policy,
      "POST /v1/admin/apps": { name: `made-${++this.#names}`, scopes: ["read:data:*"] },
      "PUT /v1/admin/apps/{id}": { scopes: ["read:data:*"] },
      "POST /v1/revoke": { level: "task", target: "nothing" },
    }
    if (name !== "POST /v1/register") return bodies[name]
    const body = await registration(this.#url, this.#launchToken)
    this.#secret(body.signature)
    return body
  }

  async #makeApp(): Promise<Record<string, string>> {
    const json = { name: `made-${++this.#names}`, scopes: ["read:data:*"] }
    const { body } = await call(this.#url, "POST /v1/admin/apps", { bearer: this.#admin, json })
    this.#secret(body.client_secret)
    return body
  }

  #secret(secret: string): string {
    if (this.secrets.length < MAX_SECRETS) this.secrets.push(secret)
    return secret
  }
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
}

const ODD_TEXTS = ["", "%00", "%zz", "..%2f..%2fetc", "'%20OR%201=1--", "%C0%AF", "x".repeat(3000), "-1", "1e999"]

/** A request that is right in every way, or wrong in some. */
async function requestOf({ name, bodies, queries }: Operation, caller: Caller, random: Random): Promise<Asked> {
  const [method = "GET", path = "/"] = name.split(" ")
  const isRight = random.chance(0.3)
  const isWrong = (probability: number): boolean => !isRight && random.chance(probability)
  const bearer = await caller.bearerOf(name)
  const token = isWrong(0.3) ? mutatedToken(bearer, random) : bearer
  const right = (isWrong(0.5) ? random.pick(bodies) : undefined) ?? (await caller.bodyOf(name))
  const [wrong] = fc.sample(broken(right), { numRuns: 1, seed: random.fork() })
  const text = JSON.stringify(isWrong(0.5) ? wrong : right) ?? ""
  const id = isWrong(0.4) ? (random.pick(ODD_TEXTS) ?? "") : await caller.appIdFor(name)
  const query = Object.entries(queries)
    .filter(() => random.chance(0.4))
    .map(([key, values]) => {
      const value = isWrong(0.4)
        ? random.pick(ODD_TEXTS)
        : encodeURIComponent(String(random.pick(values)).toWellFormed())
      return `${key}=${value}`
    })
  return {
    method: isWrong(0.03) ? (random.pick(["PATCH", "OPTIONS", "PUT"]) ?? method) : method,
    path: path.replace("{id}", id) + (query.length > 0 ? `?${query.join("&")}` : ""),
    headers: {
      "x-forwarded-for": `198.18.${random.integer(0, 250)}.${random.integer(0, 250)}`,
      ...(!isWrong(0.2) && { authorization: `Bearer ${token}` }),
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
    const timer = setTimeout(
      () => asked.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)),
      ANSWER_TIMEOUT_MS,
    )
    asked.on("close", () => clearTimeout(timer))
    asked.on("error", reject)
    asked.end(sent)
  })
}
