import type { Server } from "node:http"
import type { Socket } from "node:net"
import type { Connections } from "./connections.ts"
import type { IsTrustedProxy } from "./http/client-address.ts"
import { sourceOf } from "./http/client-source.ts"
import type { QuotaLimits } from "./http/source-quota.ts"

/**
 * Connections open at a time. Each takes 16 KiB, and 53 with a half-sent head of the largest size. One source's are enough for 2,000
 * agents behind one address, which renew every 4 min and keep a connection for 2.
 */
const CONNECTIONS = { ofSource: 1024, inAll: 8192 } as const

/** The same over TLS, where each takes 79 KiB, and 190 with a half-sent head. */
const OVER_TLS = { ofSource: 1024, inAll: 4096 } as const

/**
 * Bounds how many connections are open. One source's are closed beyond its bound, a trusted proxy's are not: they are many
 * sources'. Beyond the bound of all, the source that holds the most makes room for the new one, so that few who hold many keep no one
 * out; where none holds more than one, that which was idle for longest does.
 */
export function boundConnections(
  server: Server,
  connections: Connections,
  isTrustedProxy: IsTrustedProxy,
  { ofSource, inAll }: QuotaLimits = "setSecureContext" in server ? OVER_TLS : CONNECTIONS,
): void {
  /** In the order in which they came. */
  const bySource = new Map<string, Set<Socket>>()
  server.on("connection", (socket: Socket) => {
    const peer = socket.remoteAddress ?? ""
    if (!isTrustedProxy(peer)) {
      const source = sourceOf(peer)
      const held = bySource.get(source) ?? new Set()
      if (held.size >= ofSource) {
        socket.destroy()
        return
      }
      bySource.set(source, held.add(socket))
      socket.once("close", () => {
        held.delete(socket)
        if (held.size === 0) bySource.delete(source)
      })
    }
    if (connections.size <= inAll) return
    const most = largest(bySource.values())
    if (most.size > 1) leastMissed(most, connections)?.destroy()
    else connections.closeLongestIdle()
  })
}

function largest(all: Iterable<Set<Socket>>): Set<Socket> {
  let most = new Set<Socket>()
  for (const held of all) if (held.size > most.size) most = held
  return most
}

/** The oldest one without a request, or else the oldest. */
function leastMissed(sockets: Set<Socket>, connections: Connections): Socket | undefined {
  const open = [...sockets].filter(({ destroyed }) => !destroyed)
  return open.find((socket) => !connections.isAnswering(socket)) ?? open[0]
}
