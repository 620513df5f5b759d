import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Socket } from "node:net"

/**
 * The open connections and their requests. Node's own `closeIdleConnections` leaves connections open that have not sent
 * a request yet; a client that keeps such spares would delay every stop.
 */
export class Connections {
  /**
   * The answers of each connection that may not be sent yet. Sent ones go with the next request, not with a listener
   * each.
   */
  readonly #answers = new Map<Socket, ServerResponse[]>()
  /** TLS connections whose handshake is not done, by peer. */
  readonly #handshaking = new Map<string, Socket>()
  #isClosing = false

  constructor(server: Server) {
    // Over TLS, requests come over a second socket, inside the encryption.
    const isTls = "setSecureContext" in server
    if (isTls) server.on("connection", (socket: Socket) => this.#startHandshake(socket))
    server.on(isTls ? "secureConnection" : "connection", (socket: Socket) => this.#open(socket))
    server.on("request", ({ socket }, response) => this.#answer(socket, response))
  }

  /** The connection's request that is being answered, if there is one. */
  requestOf(socket: Socket): IncomingMessage | undefined {
    return this.#answers.get(socket)?.find(isUnsent)?.req
  }

  /** Whether a request of the connection is being answered. */
  isAnswering(socket: Socket): boolean {
    return this.requestOf(socket) !== undefined
  }

  /** Closes each connection as soon as its requests are answered, idle ones at once. */
  closeWhenIdle(): void {
    this.#isClosing = true
    for (const socket of this.#handshaking.values()) socket.destroy()
    for (const socket of this.#answers.keys()) this.#closeIfIdle(socket)
  }

  /** Closes every connection. */
  closeAll(): void {
    for (const socket of this.#answers.keys()) socket.destroy()
  }

  #startHandshake(socket: Socket): void {
    const peer = peerOf(socket)
    this.#handshaking.set(peer, socket)
    socket.once("close", () => this.#handshaking.delete(peer))
  }

  #open(socket: Socket): void {
    this.#handshaking.delete(peerOf(socket))
    if (this.#isClosing) {
      socket.destroy()
      return
    }
    const answers: ServerResponse[] = []
    this.#answers.set(socket, answers)
    socket.once("close", () => {
      this.#answers.delete(socket)
      // After a CONNECT, Node forgets the answers that wait behind another. Destroying them releases what they hold.
      for (const response of answers) response.destroy()
    })
  }

  #answer(socket: Socket, response: ServerResponse): void {
    const answers = this.#answers.get(socket)
    while (answers?.[0]?.writableFinished) answers.shift()
    answers?.push(response)
    if (this.#isClosing) this.#closeAfter(response, socket)
  }

  #closeIfIdle(socket: Socket): void {
    const unsent = this.#answers.get(socket)?.filter(isUnsent) ?? []
    for (const response of unsent) this.#closeAfter(response, socket)
    // Ends rather than destroys, so that the last answer still reaches the client.
    if (unsent.length === 0) socket.end(() => socket.destroy())
  }

  #closeAfter(response: ServerResponse, socket: Socket): void {
    response.once("close", () => {
      if (!this.isAnswering(socket)) socket.end(() => socket.destroy())
    })
  }
}

const isUnsent = (response: ServerResponse): boolean => !response.writableFinished && !response.destroyed

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
