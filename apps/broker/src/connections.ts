import type { Server, ServerResponse } from "node:http"
import type { Socket } from "node:net"

/**
 * Which connections carry a request. Node's own `closeIdleConnections` leaves those open that have not sent a request yet, or not
 * finished the TLS handshake, and a pool that keeps such spares would hold up every stop.
 */
export class Connections {
  /** Answers under way, by the socket that they go over. Sockets without any stand in the order in which they fell idle. */
  readonly #answers = new Map<Socket, Set<ServerResponse>>()
  /** Over TLS the socket inside the encryption, by the one outside. */
  readonly #inside = new WeakMap<Socket, Socket>()
  readonly #sockets = new Set<Socket>()
  /** By their peer, which the socket inside the encryption has in common with the one outside. */
  readonly #handshaking = new Map<string, Socket>()
  #closing = false

  constructor(server: Server) {
    // Over TLS there are two sockets a connection: this one, and the one inside the encryption, which carries the requests.
    const secure = "setSecureContext" in server
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket)
      this.#answers.set(socket, new Set())
      if (secure) this.#handshaking.set(peerOf(socket), socket)
      socket.once("close", () => {
        this.#sockets.delete(socket)
        this.#answers.delete(socket)
        this.#handshaking.delete(peerOf(socket))
      })
    })
    server.on(secure ? "secureConnection" : "connection", (socket: Socket) => this.#opened(socket))
    server.on("request", ({ socket }, response) => this.#answering(socket, response))
  }

  /** How many are open. */
  get size(): number {
    return this.#sockets.size
  }

  /** Closes the one that has been without a request for longest; while each has one, none. */
  closeLongestIdle(): void {
    for (const [socket, answers] of this.#answers) {
      if (answers.size > 0) continue
      this.#answers.delete(socket)
      socket.destroy()
      return
    }
  }

  isAnswering(socket: Socket): boolean {
    return (this.#answers.get(this.#inside.get(socket) ?? socket)?.size ?? 0) > 0
  }

  /** Closes what is idle now, and each other connection once its requests are answered. */
  closeAsTheyFallIdle(): void {
    this.#closing = true
    for (const socket of this.#handshaking.values()) socket.destroy()
    for (const socket of this.#answers.keys()) this.#closeIfIdle(socket)
  }

  /** Closes whatever is left. */
  closeAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #opened(socket: Socket): void {
    const outside = this.#handshaking.get(peerOf(socket))
    if (outside !== undefined) {
      this.#answers.delete(outside)
      this.#inside.set(outside, socket)
    }
    this.#handshaking.delete(peerOf(socket))
    if (this.#closing) {
      socket.destroy()
      return
    }
    const answers = new Set<ServerResponse>()
    this.#answers.set(socket, answers)
    socket.once("close", () => {
      this.#answers.delete(socket)
      // Node forgets those that wait behind another when the connection becomes a CONNECT's: what they hold must be given back.
      for (const response of answers) response.destroy()
    })
  }

  #answering(socket: Socket, response: ServerResponse): void {
    const answers = this.#answers.get(socket)
    if (answers === undefined) return
    answers.add(response)
    response.once("close", () => {
      answers.delete(response)
      if (answers.size > 0 || this.#answers.get(socket) !== answers) return
      this.#answers.delete(socket)
      this.#answers.set(socket, answers)
      if (this.#closing) this.#closeIfIdle(socket)
    })
  }

  #closeIfIdle(socket: Socket): void {
    // Ends rather than destroys, so that the last answer still reaches the client.
    if (this.#answers.get(socket)?.size === 0) socket.end(() => socket.destroy())
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
