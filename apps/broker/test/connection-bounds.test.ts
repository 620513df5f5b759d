import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { type AddressInfo, connect, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import { expect, it } from "vitest"
import { boundConnections } from "../src/connection-bounds.ts"
import { Connections } from "../src/connections.ts"

/** TLS with a key that both sides know, so that no certificate is needed (RFC 4279). */
const PSK = { psk: Buffer.alloc(32, 1), identity: "test" }
const TLS = { ciphers: "PSK", maxVersion: "TLSv1.2" } as const

/** A server that answers `/held` when it is told to, and everything else at once. */
async function boundedServer(
  limits: { ofSource: number; inAll: number },
  { trusted = "", secure = false }: { trusted?: string; secure?: boolean } = {},
) {
  const held: ServerResponse[] = []
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url === "/held") held.push(response)
    else response.end()
  }
  const server = secure ? createTlsServer({ ...TLS, pskCallback: () => PSK.psk }, answer) : createServer(answer)
  const connections = new Connections(server)
  boundConnections(server, connections, (address) => address === trusted, limits)
  await once(server.listen(0, "127.0.0.1"), "listening")
  const { port } = server.address() as AddressInfo
  return {
    connections,
    held,
    /** Opens a connection and says nothing. */
    async connect(): Promise<Socket> {
      const socket = connect({ port, host: "127.0.0.1" })
      await once(socket, "connect")
      return socket
    },
    /** Opens a connection, asks for the path, and waits for the answer unless it is held. */
    async ask(path: string, localAddress = "127.0.0.1"): Promise<Socket> {
      const to = { port, host: "127.0.0.1", localAddress }
      const socket = secure
        ? connectTls({ ...to, ...TLS, pskCallback: () => PSK, checkServerIdentity: () => undefined })
        : connect(to)
      socket.on("error", () => undefined)
      await askAgain(socket, path)
      return socket
    },
    async [Symbol.asyncDispose]() {
      connections.closeAll()
      server.close()
    },
  }
}

async function askAgain(socket: Socket, path: string): Promise<void> {
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`)
  if (path === "/held") return
  await new Promise<unknown>((resolve) => {
    socket.once("data", resolve)
    socket.once("close", resolve)
  })
}

const isOpen = (socket: Socket): boolean => !socket.destroyed && !socket.readableEnded

it("closes a source's connections beyond its bound, until one of the others is gone", async () => {
  await using server = await boundedServer({ ofSource: 2, inAll: 10 })
  const [first, second, third] = [await server.ask("/"), await server.ask("/"), await server.ask("/")]
  expect([first, second, third].map(isOpen)).toEqual([true, true, false])
  expect(isOpen(await server.ask("/", "127.0.0.2"))).toBe(true)
  first.destroy()
  await expect.poll(() => server.connections.size).toBe(2)
  expect(isOpen(await server.ask("/"))).toBe(true)
})

it("counts none of a trusted proxy's for one source", async () => {
  await using server = await boundedServer({ ofSource: 1, inAll: 10 }, { trusted: "127.0.0.1" })
  expect([await server.ask("/"), await server.ask("/"), await server.ask("/")].map(isOpen)).toEqual([true, true, true])
})

it("closes an idle one of who holds the most for a new one beyond the bound of all", async () => {
  await using server = await boundedServer({ ofSource: 10, inAll: 4 })
  const others = await server.ask("/", "127.0.0.2")
  const held = await server.ask("/held")
  const [older, newer] = [await server.ask("/"), await server.ask("/")]
  const newest = await server.ask("/", "127.0.0.3")
  if (isOpen(older)) await once(older, "close")
  expect([others, held, older, newer, newest].map(isOpen)).toEqual([true, true, false, true, true])
  await expect.poll(() => server.held.length).toBe(1)
  server.held[0]?.end()
  await once(held, "data")
})

it("lets a new source in where another holds all with requests that do not end", async () => {
  await using server = await boundedServer({ ofSource: 10, inAll: 3 })
  const held = await Promise.all([server.ask("/held"), server.ask("/held"), server.ask("/held")])
  await expect.poll(() => server.held.length).toBe(3)
  expect(isOpen(await server.ask("/", "127.0.0.2"))).toBe(true)
  await expect.poll(() => held.filter(isOpen).length).toBe(2)
})

it("closes the longest idle where no source holds more than one, and the new one while each has a request", async () => {
  await using server = await boundedServer({ ofSource: 10, inAll: 2 })
  const [lately, idle] = [await server.ask("/", "127.0.0.2"), await server.ask("/", "127.0.0.3")]
  await askAgain(lately, "/")
  const held = await server.ask("/held", "127.0.0.4")
  if (isOpen(idle)) await once(idle, "close")
  expect([lately, idle, held].map(isOpen)).toEqual([true, false, true])
  await expect.poll(() => server.held.length).toBe(1)
  await askAgain(lately, "/held")
  await expect.poll(() => server.held.length).toBe(2)
  expect(isOpen(await server.ask("/", "127.0.0.5"))).toBe(false)
})

it("takes a connection over TLS for idle from its first byte on, and for busy with its request", async () => {
  await using server = await boundedServer({ ofSource: 10, inAll: 2 }, { secure: true })
  const held = await server.ask("/held")
  await expect.poll(() => server.held.length).toBe(1)
  const silent = (await server.connect()).resume()
  const newer = await server.ask("/")
  if (isOpen(silent)) await once(silent, "close")
  const newest = await server.ask("/")
  if (isOpen(newer)) await once(newer, "close")
  expect([held, silent, newer, newest].map(isOpen)).toEqual([true, false, false, true])
  server.held[0]?.end()
  await once(held, "data")
})
