import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { call } from "@agentwrit/testing/client"
import { expect, test } from "vitest"
import { startWireBroker } from "./wire-broker.ts"

const slowBody = (source: string): string =>
  `POST /v1/token/validate HTTP/1.1\r\nhost: a\r\nx-forwarded-for: ${source}\r\ncontent-length: 1048576\r\n\r\n`

test("endless bodies use at most 64 MiB, and others are refused with Retry-After meanwhile", async () => {
  await using broker = await startWireBroker()
  const { port, hostname } = new URL(broker.url)
  const answers: string[] = []
  const sockets: Socket[] = []
  for (let at = 0; at < 72; at++) {
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    socket.setEncoding("latin1").on("data", (text: string) => answers.push(text))
    socket.on("error", () => undefined)
    await once(socket, "connect")
    socket.write(slowBody(`198.19.0.${at}`))
    socket.write(Buffer.alloc(1_048_575, 32))
  }
  await expect.poll(() => answers.length).toBeGreaterThanOrEqual(7)
  for (const answer of answers) {
    expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/)
    expect(answer).toMatch(/\r\nretry-after: 1\r\n/i)
  }
  expect((await call(broker.url, "GET /v1/health")).status).toBe(200)
  for (const socket of sockets) socket.destroy()
  const validate = async () => (await call(broker.url, "POST /v1/token/validate", { json: { token: "x" } })).status
  await expect.poll(validate).toBe(200)
  expect(broker.output().stderr).toBe("")
})
