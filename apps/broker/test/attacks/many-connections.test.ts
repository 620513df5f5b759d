import { connect, type Socket } from "node:net"
import { adminToken } from "@agentwrit/testing/client"
import { expect, test } from "vitest"
import { startWireBroker, type WireBroker } from "../wire/wire-broker.ts"

const OF_SOURCE = 1024

/** Opens a connection from that address and requests health. Resolves with the answer, or with nothing. */
async function health({ url }: WireBroker, localAddress: string, sockets: Socket[]): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect({ port: Number(port), host: hostname, localAddress })
  sockets.push(socket)
  let text = ""
  socket.setEncoding("latin1").on("data", (piece: string) => (text += piece))
  socket.on("error", () => undefined)
  socket.write("GET /v1/health HTTP/1.1\r\nhost: a\r\n\r\n")
  await new Promise<unknown>((resolve) => {
    socket.once("data", resolve)
    socket.once("close", resolve)
  })
  return text.split("\r\n")[0] ?? ""
}

// Only on Linux does the loopback interface have many addresses.
const linux = { skip: process.platform !== "linux" }

// Ten thousand idle connections took 160 MiB, and 520 MiB with a half-sent head each, kept open by a request every two
// minutes.
test("the connections of one source are limited, and others are served", linux, async () => {
  await using broker = await startWireBroker()
  const sockets: Socket[] = []
  try {
    const answers: string[] = []
    for (let at = 0; at < OF_SOURCE + 1; at++) answers.push(await health(broker, "127.0.0.2", sockets))
    expect(new Set(answers.splice(0, OF_SOURCE))).toEqual(new Set(["HTTP/1.1 200 OK"]))
    expect(answers).toEqual([""])
    expect(await health(broker, "127.0.0.3", sockets)).toBe("HTTP/1.1 200 OK")
    expect(await adminToken(broker.url)).toMatch(/^eyJ/)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})
