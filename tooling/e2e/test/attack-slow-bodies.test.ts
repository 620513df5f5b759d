import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { expect, test } from "vitest"
import { brokerFolder, startBroker } from "../src/broker-process.ts"
import { adminToken } from "../src/client.ts"

// Sixty-four connections, a byte short of their end, kept every other client's requests out, revocations among them.
test("one source with a hundred bodies that never end locks no one else out", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder)
  const { port, hostname } = new URL(broker.url)
  const sockets: Socket[] = []
  let refused = 0
  try {
    for (let at = 0; at < 100; at++) {
      const socket = connect(Number(port), hostname)
      sockets.push(socket)
      socket.once("data", () => refused++)
      socket.on("error", () => undefined)
      await once(socket, "connect")
      socket.write(
        "POST /v1/register HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 198.19.0.1\r\ncontent-length: 1048576\r\n\r\n",
      )
      socket.write(Buffer.alloc(1_048_575, 32))
    }
    // All but the eight that there is room for.
    await expect.poll(() => refused, { timeout: 10_000 }).toBeGreaterThanOrEqual(92)
    expect(await adminToken(broker.url)).toMatch(/^eyJ/)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})
