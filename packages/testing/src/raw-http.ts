import { connect } from "node:net"

/** Sends bytes unchanged, and resolves with everything received until the connection closes. */
export function rawHttp(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes, "latin1"))
    let text = ""
    socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk))
    socket.on("close", () => resolve(text))
    // After its answer, a broker may reset a connection with unread bytes.
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" || error.code === "EPIPE" ? resolve(text) : reject(error),
    )
  })
}
