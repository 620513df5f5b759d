import type { Server } from "node:http"
import type { Socket } from "node:net"

/**
 * Which connections carry a request. Node's own `closeIdleConnections` leaves those open that have not sent a request yet, and
 * a browser or a pool that keeps such spares would hold up every stop.
 */
export class Connections {
  readonly #requests = new Map<Socket, number>()
  #closing = false

  constructor(server: Server) {
    // Over TLS a request's socket is the one inside the encryption.
    server.on("setSecureContext" in server ? "secureConnection" : "connection", (socket: Socket) =>
      this.#opened(socket),
    )
    server.on("request", ({ socket }, response) => {
      this.#count(socket, 1)
      response.once("close", () => {
        this.#count(socket, -1)
        if (this.#closing) this.#closeIfIdle(socket)
      })
    })
  }

  /** Closes what is idle now, and each other connection once its requests are answered. */
  closeAsTheyFallIdle(): void {
    this.#closing = true
    for (const socket of this.#requests.keys()) this.#closeIfIdle(socket)
  }

  #opened(socket: Socket): void {
    if (this.#closing) {
      socket.destroy()
      return
    }
    this.#requests.set(socket, 0)
    socket.once("close", () => this.#requests.delete(socket))
  }

  #count(socket: Socket, change: number): void {
    const count = this.#requests.get(socket)
    if (count !== undefined) this.#requests.set(socket, count + change)
  }

  #closeIfIdle(socket: Socket): void {
    // Ends rather than destroys, so that the last answer still reaches the client.
    if (this.#requests.get(socket) === 0) socket.end(() => socket.destroy())
  }
}
