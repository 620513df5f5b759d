import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { get } from "node:https"
import { connect } from "node:net"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { brokerFolder } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { serve } from "../../src/server.ts"
import { readTls } from "../../src/tls.ts"
import { startWireBroker } from "./wire-broker.ts"

const CERTIFICATES = fileURLToPath(new URL("../../../../scripts/gen_test_certs.sh", import.meta.url))

// The grace that requests in flight get never ends, so a stop that waited for it would not end either.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
})
afterEach(() => {
  vi.useRealTimers()
})

test("a stop does not wait for idle connections", async () => {
  const broker = await startWireBroker()
  const { hostname, port } = new URL(broker.url)
  const socket = connect(Number(port), hostname)
  await once(socket, "connect")
  await call(broker.url, "GET /v1/health")
  await broker[Symbol.asyncDispose]()
  socket.destroy()
})

test.each([
  ["never begun", ""],
  ["half done", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
])("a stop does not wait for a handshake that is %s", async (_, sent) => {
  await using folder = await brokerFolder()
  execFileSync(CERTIFICATES, [folder.path], { stdio: "ignore" })
  const file = (name: string) => join(folder.path, name)
  const tls = readTls({ mode: "tls", cert: file("broker.pem"), key: file("broker-key.pem") })
  const broker = await startWireBroker({
    async listen(app) {
      // Node would cut a handshake off after this time.
      const endless = { ...tls, handshakeTimeout: 2 ** 31 - 1 }
      const server = await serve(app, { port: 0, address: "127.0.0.1", isTrustedProxy: () => true, tls: endless })
      return { port: server.address.port, stop: () => server.stop() }
    },
  })
  const { port } = new URL(broker.url)
  const silent = connect(Number(port), "127.0.0.1")
  // The broker may cut it off in whichever way.
  silent.on("error", () => undefined)
  await once(silent, "connect")
  silent.write(Buffer.from(sent, "latin1"))
  // Answered only once the broker has read what the socket sent before.
  const [answer] = await once(
    get(`https://127.0.0.1:${port}/v1/health`, { agent: false, rejectUnauthorized: false }),
    "response",
  )
  answer.resume()
  expect(answer.statusCode).toBe(200)
  await broker[Symbol.asyncDispose]()
  silent.destroy()
})
