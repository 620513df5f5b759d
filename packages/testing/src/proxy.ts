import { once } from "node:events"
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { freshAddress } from "./client.ts"

/** Handles a request in place of the broker. `taken`: the handler answers it, or lets it hang. */
export type Intercept = (incoming: IncomingMessage, answer: ServerResponse) => "taken" | "pass"

/** Changes each chunk of an answer's body. */
export type Edit = (chunk: string, path: string) => string

/** A proxy in front of a broker. It can misbehave, as real proxies do. */
export interface Proxy extends AsyncDisposable {
  readonly url: string
  /** The broker that it forwards requests to. */
  target: string
  /** `method path` of every request, in order. */
  readonly seen: string[]
  intercept: Intercept
  edit: Edit
  /** Cuts every open connection. */
  cut(): void
}

/** Starts a proxy on a free port. By default it forwards everything unchanged. */
export async function startProxy(target: string): Promise<Proxy> {
  const seen: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((incoming, answer) => {
    seen.push(`${incoming.method} ${incoming.url}`)
    if (proxy.intercept(incoming, answer) === "pass")
      forward(proxy.target, incoming, answer, (chunk, path) => proxy.edit(chunk, path))
  })
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const proxy: Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target,
    seen,
    intercept: () => "pass",
    edit: (chunk) => chunk,
    cut,
    async [Symbol.asyncDispose]() {
      server.close()
      cut()
    },
  }
  return proxy
}

/** An address of this machine where nothing listens. */
export async function closedAddress(): Promise<string> {
  await using proxy = await startProxy("")
  return proxy.url
}

function forward(target: string, incoming: IncomingMessage, answer: ServerResponse, edit: Edit): void {
  const path = incoming.url ?? "/"
  // Names a new client for each request, so that requests do not share a rate limit.
  const named = { "x-forwarded-for": freshAddress(), ...incoming.headers }
  const outgoing = request(`${target}${path}`, { method: incoming.method, headers: named, agent: false }, (from) => {
    const { "content-length": _length, ...rest } = from.headers
    answer.writeHead(from.statusCode ?? 502, rest)
    answer.flushHeaders()
    from.setEncoding("utf8")
    from.on("data", (chunk: string) => answer.write(edit(chunk, path)))
    from.once("end", () => answer.end())
    from.once("error", () => answer.destroy())
  })
  outgoing.once("error", () => answer.destroy())
  answer.once("close", () => outgoing.destroy())
  incoming.pipe(outgoing)
}
