import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import type { IncomingMessage } from "node:http"
import { request } from "node:https"
import { createServer } from "node:net"
import { join } from "node:path"
import { json } from "node:stream/consumers"
import { type BrokerFolder, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, trail } from "@agentwrit/testing/client"
import { revoke } from "@agentwrit/testing/verifying"
import { describe, expect, test } from "vitest"
import { inRepository, readText } from "../../src/repository.ts"
import { missingPrograms } from "../../src/shell.ts"

/** How each proxy is run on its files of deploy/reverse-proxy, the first of which is its own. */
const PROXIES = {
  nginx: { files: ["nginx.conf"], args: (file: string) => ["-c", file, "-g", "daemon off; error_log stderr;"] },
  haproxy: { files: ["haproxy.cfg"], args: (file: string) => ["-db", "-f", file] },
  caddy: { files: ["Caddyfile"], args: (file: string) => ["run", "--adapter", "caddyfile", "--config", file] },
  traefik: { files: ["traefik.yml", "traefik-broker.yml"], args: (file: string) => [`--configFile=${file}`] },
  envoy: { files: ["envoy.yaml"], args: (file: string) => ["--base-id", String(process.pid), "-c", file] },
} as const

/** A proxy of the broker on the tried configuration, with other ports and paths. */
async function startProxy(name: keyof typeof PROXIES, folder: BrokerFolder, brokerUrl: string) {
  const port = await freePort()
  const at = (file: string) => join(folder.path, file)
  for (const file of PROXIES[name].files) {
    const text = readText(`deploy/reverse-proxy/${file}`)
      .replaceAll("127.0.0.1:8080", new URL(brokerUrl).host)
      .replaceAll("port_value: 8080", `port_value: ${new URL(brokerUrl).port}`)
      .replaceAll("8443", String(port))
      .replaceAll("/etc/agentwrit/proxy", folder.path)
      .replaceAll("/etc/traefik", folder.path)
      // What belongs to the machine stays untouched by the test.
      .replace("events {}\nhttp {", `pid ${at("nginx.pid")};\nevents {}\nhttp {\n  access_log off;`)
      .replace("{\n\tservers", "{\n\tadmin off\n\tservers")
    writeFileSync(at(file), text)
  }
  const { files, args } = PROXIES[name]
  const child = spawn(name, args(at(files[0])), {
    env: { ...process.env, HOME: folder.path },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let said = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text))
  const ended = once(child, "close")
  return {
    port,
    said: () => said,
    async [Symbol.asyncDispose]() {
      // nginx ends its workers only on this signal.
      child.kill("SIGTERM")
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  return typeof address === "object" && address !== null ? address.port : 0
}

/** A request from 127.0.0.2, which is not the trusted proxy's address. */
function send(port: number, path: string, headers: Record<string, string> = {}, body?: string) {
  return new Promise<IncomingMessage>((resolve, reject) =>
    request(
      {
        host: "127.0.0.1",
        localAddress: "127.0.0.2",
        port,
        path,
        headers,
        method: body === undefined ? "GET" : "POST",
        rejectUnauthorized: false,
        agent: false,
      },
      resolve,
    )
      .on("error", reject)
      .end(body),
  )
}

/** The messages of an event stream as they arrive. */
async function* messagesOf(answer: IncomingMessage): AsyncGenerator<{ to: number }> {
  let text = ""
  for await (const chunk of answer.setEncoding("utf8")) {
    text += chunk
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1]
      text = text.slice(end + 2)
      if (data !== undefined) yield JSON.parse(Buffer.from(data.split(".")[1] ?? "", "base64url").toString())
    }
  }
}

describe.each(Object.keys(PROXIES) as (keyof typeof PROXIES)[])("behind %s", (name) => {
  test.skipIf(missingPrograms(`the configuration for ${name}`, name, "openssl", "bash"))(
    "streams revocations as they commit, passes large tokens, and tells the client's address",
    async () => {
      await using folder = await brokerFolder()
      execFileSync(inRepository("scripts/gen_test_certs.sh"), [folder.path], { stdio: "ignore" })
      const at = (file: string) => join(folder.path, file)
      const [certificate, key] = [readFileSync(at("broker.pem")), readFileSync(at("broker-key.pem"))]
      writeFileSync(at("proxy.pem"), Buffer.concat([certificate, key]))
      writeFileSync(at("proxy-key.pem"), key)
      await using broker = await startBroker(folder, { AA_TRUSTED_PROXIES: "127.0.0.1" })
      await using proxy = await startProxy(name, folder, broker.url)
      const health = () =>
        send(proxy.port, "/v1/health").then(
          (answer) => answer.resume().statusCode,
          () => proxy.said(),
        )
      await expect.poll(health).toBe(200)
      // The broker does not know the proxy's URL: a token that it bound would be refused with each of its proofs.
      expect(await json(await send(proxy.port, "/v1/challenge"))).toMatchObject({ bound: false })

      const stream = await send(proxy.port, "/v1/revocations?since=0", { accept: "text/event-stream" })
      const messages = messagesOf(stream)
      expect((await messages.next()).value).toMatchObject({ to: 0 })
      const admin = await adminToken(broker.url)
      const { agent_id } = await agent(broker.url, admin)
      await revoke(broker.url, admin, "agent", agent_id)
      // The stream's own empty messages come every 5 s: a proxy that waited for them would bring one first.
      let next = (await messages.next()).value
      while (next?.to === 0) next = (await messages.next()).value
      expect(next).toMatchObject({ to: 1 })
      stream.destroy()

      const long = await send(proxy.port, "/v1/audit/events", { authorization: `Bearer ${"a".repeat(40_000)}` })
      expect([long.resume().statusCode, long.headers["content-type"]]).toEqual([401, "application/problem+json"])

      const forged = { "x-forwarded-for": "203.0.113.99", "content-type": "application/json" }
      const refused = await send(proxy.port, "/v1/admin/auth", forged, '{"secret":"wrong"}')
      expect(refused.resume().statusCode).toBe(401)
      const [event] = (await trail(broker.url, admin)).filter(({ event_type }) => event_type === "admin_auth_failed")
      expect(event).toMatchObject({ source: "127.0.0.2" })
    },
  )
})
