import type { Server } from "node:http"
import type { Socket } from "node:net"

/**
 * Which connections carry a request. Node's own `closeIdleConnections` leaves those open that have not sent a request yet, or not
 * finished the TLS handshake, and a pool that keeps such spares would hold up every stop.
 */
export class Connections {
  /** Requests under way, by the socket that they come over. Those without any stand in the order in which they fell idle. */
  readonly #requests = new Map<Socket, number>()
  readonly #sockets = new Set<Socket>()
  /** By their peer, which the socket inside the encryption has in common with the one outside. */
  readonly #handshaking = new Map<string, Socket>()
  #closing = false

  constructor(server: Server) {
    // Over TLS there are two sockets a connection: this one, and the one inside the encryption, which carries the requests.
    const secure = "setSecureContext" in server
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket)
      this.#requests.set(socket, 0)
      if (secure) this.#handshaking.set(peerOf(socket), socket)
      socket.once("close", () => {
        this.#sockets.delete(socket)
        this.#requests.delete(socket)
        this.#handshaking.delete(peerOf(socket))
      })
    })
    server.on(secure ? "secureConnection" : "connection", (socket: Socket) => this.#opened(socket))
    server.on("request", ({ socket }, response) => {
      this.#count(socket, 1)
      response.once("close", () => {
        this.#count(socket, -1)
        if (this.#closing) this.#closeIfIdle(socket)
      })
    })
  }

  /** How many are open. */
  get size(): number {
    return this.#sockets.size
  }

  /** Closes the one that has been without a request for longest; while each has one, none. */
  closeLongestIdle(): void {
    for (const [socket, count] of this.#requests) {
      if (count > 0) continue
      this.#requests.delete(socket)
      socket.destroy()
      return
    }
  }

  isAnswering(socket: Socket): boolean {
    return (this.#requests.get(socket) ?? 0) > 0
  }

  /** Closes what is idle now, and each other connection once its requests are answered. */
  closeAsTheyFallIdle(): void {
    this.#closing = true
    for (const socket of this.#handshaking.values()) socket.destroy()
    for (const socket of this.#requests.keys()) this.#closeIfIdle(socket)
  }

  /** Closes whatever is left. */
  closeAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #opened(socket: Socket): void {
    const handshaking = this.#handshaking.get(peerOf(socket))
    if (handshaking !== undefined) this.#requests.delete(handshaking)
    this.#handshaking.delete(peerOf(socket))
    if (this.#closing) {
      socket.destroy()
      return
    }
    this.#requests.set(socket, 0)
    socket.once("close", () => this.#requests.delete(socket))
  }

  #count(socket: Socket, change: number): void {
    const count = this.#requests.get(socket)
    if (count === undefined) return
    if (count + change === 0) this.#requests.delete(socket)
    this.#requests.set(socket, count + change)
  }

  #closeIfIdle(socket: Socket): void {
    // Ends rather than destroys, so that the last answer still reaches the client.
    if (this.#requests.get(socket) === 0) socket.end(() => socket.destroy())
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
