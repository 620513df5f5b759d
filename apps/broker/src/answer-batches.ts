import type { Server } from "node:http"
import type { Socket } from "node:net"

/**
 * Writes the answers to requests that arrived together one right after the other, when all of them were taken. Each write to a
 * client that waits wakes it; one that is awake from the write before costs a fraction of that.
 */
export function batchAnswers(server: Server): void {
  const held = new Set<Socket>()
  const release = (): void => {
    for (const socket of held) socket.uncork()
    held.clear()
  }
  server.prependListener("request", ({ socket }) => {
    if (held.has(socket)) return
    if (held.size === 0) setImmediate(release)
    held.add(socket)
    socket.cork()
  })
}
