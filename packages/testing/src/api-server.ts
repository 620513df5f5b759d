import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"

/** A request that an API received. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** An answer of the API. */
export interface ApiAnswer {
  readonly status?: number
  readonly headers?: Record<string, string>
}

/** An API on a free port of this machine. */
export interface ApiServer extends AsyncDisposable {
  readonly origin: string
  readonly received: Received[]
}

/** Starts an API that records its requests and gives the configured answers; `{}` is a 200. */
export async function startApi(
  answer: (request: Received) => ApiAnswer | Promise<ApiAnswer> = () => ({}),
): Promise<ApiServer> {
  const received: Received[] = []
  const listener = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method = "", url = "", headers } = incoming
    const request = { method, path: url, authorization: headers.authorization, headers, body: await text(incoming) }
    received.push(request)
    const { status = 200, headers: answered = {} } = await answer(request)
    outgoing.writeHead(status, answered).end(`${method} ${url}`)
  }
  const server = createServer((incoming, outgoing) => {
    listener(incoming, outgoing).catch(() => outgoing.destroy())
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
