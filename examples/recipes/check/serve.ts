import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"

/**
 * Listens on a free port of this machine. The listener is made when the port is known.
 * @returns the origin.
 */
export async function listen(listenerAt: (origin: string) => RequestListener | Promise<RequestListener>) {
  const server = createServer()
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  server.on("request", await listenerAt(origin))
  return origin
}

/** Serves a function of the Fetch standard. */
export function web(handle: (request: Request) => Promise<Response>): RequestListener {
  return async (incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming
    const request = new Request(`http://${headers.host}${url}`, {
      method,
      headers: headers as Record<string, string>,
      ...(method === "POST" && { body: await text(incoming) }),
    })
    const response = await handle(request)
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
  }
}
