import { once } from "node:events"
import { connect, type Socket } from "node:net"

/** The parts of a request. */
export interface RequestParts {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
}

/** A complete answer. */
export interface LoadAnswer {
  readonly status: number
  readonly body: string
}

/** A request as text. */
export function requestText({ method, path, headers = {}, json }: RequestParts): string {
  const body = json === undefined ? "" : JSON.stringify(json)
  const lines = [`${method} ${path} HTTP/1.1`, "host: 127.0.0.1"]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  if (body !== "") lines.push("content-type: application/json", `content-length: ${Buffer.byteLength(body)}`)
  return `${lines.join("\r\n")}\r\n\r\n${body}`
}

/**
 * One kept-alive HTTP connection with one request in flight. It reads only what the broker and the floor write: on two
 * cores, a full client would take more of the machine than the server.
 */
export class Connection {
  readonly #socket: Socket
  #received = ""
  #waiting: { resolve(answer: LoadAnswer): void; reject(error: Error): void } | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding("latin1")
    socket.on("data", (text: string) => this.#receive(text))
    const fail = (error: Error): void => this.#waiting?.reject(error)
    socket.on("error", fail)
    socket.on("close", () => fail(new Error("the server closed the connection")))
  }

  static async open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, "connect")
    return new Connection(socket)
  }

  send(request: string): Promise<LoadAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(request, "latin1")
    })
  }

  close(): void {
    this.#socket.removeAllListeners("close")
    this.#socket.destroy()
  }

  #receive(text: string): void {
    this.#received += text
    const head = this.#received.indexOf("\r\n\r\n")
    if (head === -1) return
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#received.slice(0, head))?.[1]
    const end = head + 4 + Number(length ?? 0)
    if (this.#received.length < end) return
    const status = Number(this.#received.slice(9, 12))
    const waiting = this.#waiting
    if (length === undefined && status !== 204) waiting?.reject(new Error("an answer without Content-Length"))
    const body = this.#received.slice(head + 4, end)
    this.#received = ""
    this.#waiting = undefined
    waiting?.resolve({ status, body })
  }
}
