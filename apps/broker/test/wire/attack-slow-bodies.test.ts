import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { adminToken, call } from "@agentwrit/testing/client"
import { expect, test } from "vitest"
import { startWireBroker, type WireBroker } from "./wire-broker.ts"

/** Begins a body of 1 MiB, and sends all but the last byte. */
async function beginBody({ url }: WireBroker, source: string): Promise<Socket> {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on("error", () => undefined)
  await once(socket, "connect")
  const head = `POST /v1/register HTTP/1.1\r\nhost: a\r\nx-forwarded-for: ${source}\r\ncontent-length: 1048576\r\n\r\n`
  socket.write(Buffer.concat([Buffer.from(head), Buffer.alloc(1_048_575, 32)]))
  return socket
}

// Sixty-four connections, a byte short of their end, kept every other client's requests out, revocations among them.
test("one source with a hundred bodies that never end locks no one else out", async () => {
  await using broker = await startWireBroker()
  const sockets: Socket[] = []
  let refused = 0
  try {
    for (let at = 0; at < 100; at++) {
      const socket = await beginBody(broker, "198.19.0.1")
      socket.once("data", () => refused++)
      sockets.push(socket)
    }
    // All but the eight that there is room for.
    await expect.poll(() => refused, { timeout: 20_000 }).toBeGreaterThanOrEqual(92)
    expect(await adminToken(broker.url)).toMatch(/^eyJ/)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})

// Eight of these took all the room there was for bodies, of whatever size, with 36 Mbit/s.
test("nine sources with all the bodies that they may have keep no small one out", async () => {
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
    // The room of all is full: what is left of it holds none of a kind that counts.
    await expect.poll(() => refused, { timeout: 20_000 }).toBeGreaterThanOrEqual(7)
    const large = { token: "x".repeat(800_000) }
    expect((await call(broker.url, "POST /v1/token/validate", { json: large })).status).toBe(503)
    const json = { level: "task", target: "t-1" }
    expect((await call(broker.url, "POST /v1/revoke", { bearer: admin, json })).status).toBe(200)
    expect(await adminToken(broker.url)).toMatch(/^eyJ/)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})
