import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { adminToken, call } from "@agentwrit/testing/client"
import { expect, test } from "vitest"
import { startWireBroker, type WireBroker } from "../wire/wire-broker.ts"

/** Sends a body of 1 MiB without its last byte. */
async function beginBody({ url }: WireBroker, source: string): Promise<Socket> {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on("error", () => undefined)
  await once(socket, "connect")
  const head = `POST /v1/register HTTP/1.1\r\nhost: a\r\nx-forwarded-for: ${source}\r\ncontent-length: 1048576\r\n\r\n`
  socket.write(Buffer.concat([Buffer.from(head), Buffer.alloc(1_048_575, 32)]))
  return socket
}

// Without a limit per source, 64 unfinished bodies kept out all other requests, also revocations.
test("one source with a hundred endless bodies does not block others", async () => {
  await using broker = await startWireBroker()
  const sockets: Socket[] = []
  let refused = 0
  try {
    for (let at = 0; at < 100; at++) {
      const socket = await beginBody(broker, "198.19.0.1")
      socket.once("data", () => refused++)
      sockets.push(socket)
    }
    // All except the eight that the limit allows.
    await expect.poll(() => refused).toBeGreaterThanOrEqual(92)
    expect(await adminToken(broker.url)).toMatch(/^eyJ/)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})

// Without a separate limit for large bodies, eight sources used up the room for all bodies, with 36 Mbit/s.
test("nine sources that use all large bodies do not block small ones", async () => {
  await using broker = await startWireBroker()
  const admin = await adminToken(broker.url)
  const sockets: Socket[] = []
  let refused = 0
  try {
    for (let at = 0; at < 72; at++) {
      const socket = await beginBody(broker, `198.19.0.${at % 9}`)
      socket.once("data", () => refused++)
      sockets.push(socket)
    }
    // The total limit is reached: no further large body is accepted.
    await expect.poll(() => refused).toBeGreaterThanOrEqual(7)
    const large = { token: "x".repeat(800_000) }
    expect((await call(broker.url, "POST /v1/token/validate", { json: large })).status).toBe(503)
    const json = { level: "task", target: "t-1" }
    expect((await call(broker.url, "POST /v1/revoke", { bearer: admin, json })).status).toBe(200)
    expect(await adminToken(broker.url)).toMatch(/^eyJ/)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})
