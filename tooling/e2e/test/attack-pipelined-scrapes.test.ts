import { once } from "node:events"
import { connect } from "node:net"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { expect, test } from "vitest"

const SCRAPES = 2000

// Each was rendered anew: 64 KiB of requests on one connection took 3 s of the thread, and 20 such connections kept health away.
test("two thousand scrapes in one piece keep no one waiting", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder)
  await call(broker.url, "GET /v1/metrics")
  const { hostname, port } = new URL(broker.url)
  const socket = connect(Number(port), hostname)
  let text = ""
  socket.setEncoding("latin1").on("data", (piece: string) => (text += piece))
  const closed = once(socket, "close")
  await once(socket, "connect")
  const request = "GET /v1/metrics HTTP/1.1\r\nhost: a\r\n"
  const began = performance.now()
  socket.write(`${`${request}\r\n`.repeat(SCRAPES - 1)}${request}connection: close\r\n\r\n`)
  await once(socket, "data")
  expect((await call(broker.url, "GET /v1/health")).status).toBe(200)
  const waited = performance.now() - began
  await closed
  expect(text.match(/^HTTP\/1\.1 200 /gm)).toHaveLength(SCRAPES)
  // Measured on a machine with six times the work it can do: 430 ms, and more than 20 s when each was rendered.
  expect(waited).toBeLessThan(2000)
})
