import type { Server } from "node:http"
import type { Socket } from "node:net"
import type { Connections } from "./connections.ts"
import type { IsTrustedProxy } from "./http/client-address.ts"
import { sourceOf } from "./http/client-source.ts"
import { type QuotaLimits, SourceQuota } from "./http/source-quota.ts"

/**
 * Connections open at a time. Each takes 16 KiB, and 53 with a half-sent head of the largest size. One source's are enough for 2,000
 * agents behind one address, which renew every 4 min and keep a connection for 2.
 */
const CONNECTIONS = { ofSource: 1024, inAll: 8192 } as const

/** The same over TLS, where each takes 79 KiB, and 190 with a half-sent head. */
const OVER_TLS = { ofSource: 1024, inAll: 4096 } as const

/**
 * Bounds how many connections are open. One source's are closed beyond its bound, a trusted proxy's are not: they are many
 * sources'. Beyond the bound of all, the one that was idle for longest makes room, so that many idle ones keep no one out.
 */
export function boundConnections(
  server: Server,
  connections: Connections,
  isTrustedProxy: IsTrustedProxy,
  { ofSource, inAll }: QuotaLimits = "setSecureContext" in server ? OVER_TLS : CONNECTIONS,
): void {
  const bySource = new SourceQuota({ ofSource, inAll: Number.POSITIVE_INFINITY })
  server.on("connection", (socket: Socket) => {
    const peer = socket.remoteAddress ?? ""
    if (!isTrustedProxy(peer)) {
      const source = sourceOf(peer)
      if (!bySource.take(source)) {
        socket.destroy()
        return
      }
      socket.once("close", () => bySource.giveBack(source))
    }
    if (connections.size > inAll) connections.closeLongestIdle()
  })
}
