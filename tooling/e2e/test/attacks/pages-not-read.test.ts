import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { type BrokerProcess, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { openFeed } from "@agentwrit/testing/feed"
import { fillFeed } from "@agentwrit/testing/filled-feed"
import { expect, test } from "vitest"

const ENTRIES = 7000
const READER = { "x-forwarded-for": "203.0.113.1" }

/** Pages that one connection requests, in one write: Node reads no further requests while answers wait. */
const PAGES = 40

/** Requested first, to fill the kernel's buffers: 15 MB, the same bytes for all. */
const FILLING = Array.from({ length: 160 }, () => "/v1/openapi.json")

async function residentMiB({ url }: BrokerProcess): Promise<number> {
  const { text } = await call(url, "GET /v1/metrics")
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]) / 1024 ** 2
}

/** Requests that many different pages over one connection, and reads none. */
async function askWithoutReading({ url }: BrokerProcess, since: number): Promise<Socket> {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname).pause()
  socket.on("error", () => undefined)
  await once(socket, "connect")
  const pages = Array.from({ length: PAGES }, (_, at) => `/v1/revocations?since=${since + at}`)
  const head = `host: a\r\nx-forwarded-for: ${READER["x-forwarded-for"]}\r\n\r\n`
  socket.write([...FILLING, ...pages].map((path) => `GET ${path} HTTP/1.1\r\n${head}`).join(""))
  return socket
}

// Each page stays in memory until it is read. Without the limit, one source took more than a gigabyte.
test("pages that a source does not read use little memory; after it disconnects it gets pages again", async () => {
  await using folder = await brokerFolder()
  await fillFeed(folder, ENTRIES)
  await using broker = await startBroker(folder)
  const page = async (since: number, headers = {}) =>
    (await call(broker.url, `GET /v1/revocations?since=${since}`, { headers })).status
  const before = await residentMiB(broker)
  const sockets: Socket[] = []
  try {
    for (let since = 1; since < 5 * PAGES; since += PAGES) {
      sockets.push(await askWithoutReading(broker, since))
      // From another source: answered after these pages were made or refused.
      await expect.poll(() => page(since + PAGES - 1)).toBe(200)
    }
    expect(await page(1900, READER)).toBe(503)
    // Small pages, for verifiers that missed little, have no limit.
    for (const since of [ENTRIES, ENTRIES - 50]) expect(await page(since, READER)).toBe(200)
    using stream = await openFeed(broker.url, ENTRIES - 50, READER)
    await expect.poll(() => stream.events.at(-1)?.id).toBe(String(ENTRIES))
    // Measured: 70, mostly cached pages; 370 without the limit.
    expect((await residentMiB(broker)) - before).toBeLessThan(160)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  await expect.poll(() => page(1900, READER)).toBe(200)
})
