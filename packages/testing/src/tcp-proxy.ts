import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

/** A TCP proxy that can lose what it should forward, as a network does. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** Forwards nothing in either direction, and closes nothing. */
  stalled: boolean
  /** Looks at what a client sends. `cut`: forwards it and ends the connection; `drop`: ends it without forwarding. */
  inspect: (sent: Buffer) => "pass" | "cut" | "drop"
}

/** Starts a proxy on a free port of 127.0.0.1. By default it forwards everything. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const held: (() => void)[] = []
  let stalled = false
  const forward = (send: () => void): void => {
    if (stalled) held.push(send)
    else send()
  }
  const track = (socket: Socket, other: Socket): void => {
    sockets.add(socket)
    socket.on("error", () => undefined)
    socket.once("close", () => {
      sockets.delete(socket)
      forward(() => other.destroy())
    })
  }
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1")
    track(client, upstream)
    track(upstream, client)
    client.on("data", (sent) =>
      forward(() => {
        const verdict = proxy.inspect(sent)
        if (verdict !== "drop") upstream.write(sent)
        if (verdict !== "pass") client.destroy()
      }),
    )
    upstream.on("data", (answer) => forward(() => void client.write(answer)))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    get stalled() {
      return stalled
    },
    set stalled(value) {
      stalled = value
      if (!value) for (const send of held.splice(0)) send()
    },
    inspect: () => "pass",
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
  return proxy
}
