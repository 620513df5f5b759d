import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import type { RequestListener } from "node:http"
import { fileURLToPath } from "node:url"
import { AgentWritApp } from "@agentwrit/sdk"
import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from "aws-lambda"
import { build } from "esbuild"
import { admin, brokerUrl, registerApp } from "./broker.ts"
import { listen, web } from "./serve.ts"

// Starts the recipe that the command line names, and calls it by three agents: one that may, one of another scope, one
// that is revoked.

const ROOT = new URL("../", import.meta.url)
const pathOf = (file: string): string => fileURLToPath(new URL(file, ROOT))

/** The recipes, each started at an origin. */
const RECIPES: Readonly<Record<string, () => Promise<string>>> = {
  koa: () => inProcess(async () => (await import("../koa/app.ts")).app.callback()),
  nest: () => inProcess(nestListener),
  next: () => inProcess(async () => web((await import("../next/app/reports/route.ts")).GET)),
  trpc: () => inProcess(async () => web((await import("../trpc/server.ts")).handle)),
  lambda: () => inProcess(async () => web(functionUrl((await import("../lambda/handler.ts")).handler))),
  workers: startWorker,
  bun: () => startProgram("bun", ["bun-deno/server.ts"]),
  deno: () => startProgram("deno", ["serve", "--port=0", "--host=127.0.0.1", "-NE", "bun-deno/server.ts"]),
}

const [name = ""] = process.argv.slice(2)
const start = RECIPES[name]
assert(start !== undefined, `there is no recipe ${name}`)
const url = `${await start()}${name === "trpc" ? "/trpc" : ""}/reports`

const { clientId, clientSecret } = await registerApp()
const { origin } = new URL(url)
const app = new AgentWritApp({ brokerUrl, clientId, clientSecret, allowedOrigins: [origin] })
const task = { orchId: "recipes", taskId: crypto.randomUUID() }
const reader = await app.createAgent({ ...task, scope: ["read:reports:*"] })
const other = await app.createAgent({ ...task, scope: ["read:data:*"] })

const allowed = await reader.fetch(url)
assert.equal(allowed.status, 200, await allowed.clone().text())
assert((await allowed.text()).includes(reader.id))
await refused(await other.fetch(url), 403, "insufficient_scope")
await refused(await fetch(url), 401, "Bearer realm")

await admin.revoke({ level: "agent", target: reader.id })
let revoked = await reader.fetch(url)
while (revoked.ok) revoked = await reader.fetch(url)
await refused(revoked, 401, "invalid_token")
process.stdout.write("allowed 200, another scope 403, no token 401, revoked 401\n")
process.exit()

async function refused(response: Response, status: number, challenge: string): Promise<void> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  assert.equal(JSON.parse(text).status, status)
  assert(response.headers.get("www-authenticate")?.includes(challenge), `${response.headers.get("www-authenticate")}`)
}

/** Serves a recipe in this process, as an operator does who names the public URL. */
function inProcess(listener: () => Promise<RequestListener>): Promise<string> {
  return listen(async (origin) => {
    process.env["PUBLIC_URL"] = origin
    const loaded = await listener()
    await (await import("../guard.ts")).verifier.ready()
    return loaded
  })
}

/** Node does not run decorators. */
async function nestListener(): Promise<RequestListener> {
  const outfile = pathOf("nest/app.js")
  const options = { bundle: true, packages: "external", format: "esm" } as const
  const tsconfigRaw = { compilerOptions: { experimentalDecorators: true } }
  await build({ entryPoints: [pathOf("nest/app.ts")], outfile, ...options, tsconfigRaw })
  const { NestFactory } = await import("@nestjs/core")
  const nest = await NestFactory.create((await import(outfile)).AppModule, { logger: ["error"] })
  await nest.init()
  return nest.getHttpAdapter().getInstance()
}

function functionUrl(handler: (event: LambdaFunctionURLEvent) => Promise<LambdaFunctionURLResult>) {
  return async ({ url, method, headers }: Request): Promise<Response> => {
    const { host, pathname } = new URL(url)
    const requestContext = { domainName: host, http: { method } }
    const event = { rawPath: pathname, headers: Object.fromEntries(headers), requestContext }
    const answer = await handler(event as LambdaFunctionURLEvent)
    assert(typeof answer === "object")
    return new Response(answer.body, {
      status: answer.statusCode ?? 200,
      headers: answer.headers as Record<string, string>,
    })
  }
}

async function startWorker(): Promise<string> {
  const entryPoints = [pathOf("workers/worker.ts")]
  const { outputFiles } = await build({ entryPoints, bundle: true, write: false, format: "esm", target: "es2024" })
  const { Miniflare } = await import("miniflare")
  const worker = new Miniflare({
    modules: true,
    script: outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-07-01",
    // It would fetch an example of it.
    cf: false,
    bindings: { AGENTWRIT_BROKER_URL: process.env["AGENTWRIT_BROKER_URL"] ?? "" },
  })
  return (await worker.ready).origin
}

/** Starts a server by a program of the packages, and reads its origin from what it prints. */
function startProgram(program: string, words: readonly string[]): Promise<string> {
  const env = { ...process.env, PORT: "0", NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" }
  const child = spawn(pathOf(`node_modules/.bin/${program}`), words, { cwd: pathOf("."), env, detached: true })
  // The whole group: what npm installs may be a script that starts the program.
  process.once("exit", () => child.pid !== undefined && process.kill(-child.pid, "SIGKILL"))
  return new Promise((resolve, reject) => {
    let output = ""
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text
        const port = /https?:\/\/[\w.]+:(\d+)/.exec(output)?.[1]
        if (port !== undefined) resolve(`http://127.0.0.1:${port}`)
      })
    child.once("error", reject).once("close", () => reject(new Error(`${program} ended:\n${output}`)))
  })
}
