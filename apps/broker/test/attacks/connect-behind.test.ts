import { once } from "node:events"
import { connect } from "node:net"
import { call } from "@agentwrit/testing/client"
import { expect, test } from "vitest"
import { startWireBroker } from "../wire/wire-broker.ts"

// After a CONNECT, Node forgets the answers that wait on the connection. Without a remedy, their places are never
// released.

const FAR = "/v1/revocations?since=9007199254740991"
const SOURCE = { "x-forwarded-for": "203.0.113.9" }

async function sendAll(url: string, requests: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).resume()
  socket.on("error", () => undefined)
  socket.write(requests)
  await once(socket, "close")
}

test("a CONNECT after other requests releases their places for pages of the feed", async () => {
  await using broker = await startWireBroker()
  const head = `host: a\r\nx-forwarded-for: ${SOURCE["x-forwarded-for"]}\r\n`
  // A stream comes first, so that the other answers wait behind one that does not end.
  const stream = `GET /v1/revocations HTTP/1.1\r\n${head}accept: text/event-stream\r\n\r\n`
  const pages = `GET ${FAR} HTTP/1.1\r\n${head}\r\n`.repeat(20)
  await sendAll(broker.url, `${stream}${pages}CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n`)
  const status = async (): Promise<number> => (await call(broker.url, `GET ${FAR}`, { headers: SOURCE })).status
  await expect.poll(status).toBe(200)
})

test("a CONNECT during an endless answer closes the connection", async () => {
  await using broker = await startWireBroker()
  const { hostname, port } = new URL(broker.url)
  const socket = connect(Number(port), hostname).setEncoding("utf8")
  socket.on("error", () => undefined)
  let text = ""
  socket.on("data", (chunk: string) => {
    text += chunk
  })
  socket.write("GET /v1/revocations HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\r\n")
  await expect.poll(() => text).toContain("data: ")
  socket.write("CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n")
  await once(socket, "close")
  expect(text).not.toContain("405")
})
