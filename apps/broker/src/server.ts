import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { createServer as createTlsServer, type Server as TlsServer } from "node:https"
import type { AddressInfo, Socket } from "node:net"
import { MAX_TOKEN_LENGTH } from "@agentwrit/core"
import { getRequestListener } from "@hono/node-server"
import type { BrokerApp } from "./broker.ts"
import { Connections } from "./connections.ts"
import type { IsTrustedProxy } from "./http/client-address.ts"
import { sourceOf } from "./http/client-source.ts"
import { corsHeaders } from "./http/cors.ts"
import { Quota } from "./http/quota.ts"
import { answerMalformed, answerParserErrors, malformedRequest, type Offered, offeredBy } from "./parser-errors.ts"
import type { TlsSettings } from "./tls.ts"

/** Milliseconds. Node looks every second for clients that are slower, and closes their connections. */
const TIMEOUTS = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 120_000,
  connectionsCheckingInterval: 1_000,
} as const

/** How long a connection may neither send nor take a byte during an answer. An event stream sends one every 5 s. */
const STALL_TIMEOUT_MS = 30_000

/** The head of a request: the longest token that is issued, and 16 KiB for the rest. */
const MAX_HEADER_BYTES = MAX_TOKEN_LENGTH + 16 * 1024

/** How long requests in flight may take when the server stops. */
const STOP_GRACE_MS = 10_000

/** Open connections. Each takes up to 53 KiB of memory, over TLS up to 190 KiB. */
const MAX_CONNECTIONS = 8192
const MAX_TLS_CONNECTIONS = 4096

/**
 * Open connections of one address, enough for 2,000 agents that renew every 4 minutes. A trusted proxy has no such
 * limit.
 */
const MAX_CONNECTIONS_PER_SOURCE = 1024

/** The host in the URL of an HTTP/1.0 request without one. */
const HOST_OF_NONE = "localhost"

/** Where and how to listen. */
export interface ListenOptions {
  /** 0 is any free port. */
  readonly port: number
  readonly address: string
  /** Absent: plain HTTP. */
  readonly tls?: TlsSettings
  /** The peers whose connections belong to many clients. */
  readonly isTrustedProxy: IsTrustedProxy
  /** The origins whose pages may read the parser's errors too. Default: none. */
  readonly corsOrigins?: readonly string[]
}

/** A listening broker. */
export interface RunningServer {
  readonly address: AddressInfo
  /** Uses new certificates for new connections; open ones keep the old certificates. */
  renewCertificates(tls: TlsSettings): void
  /** Accepts no new connection, lets requests in flight finish within 10 s, and then closes the rest. */
  stop(): Promise<void>
}

/** Serves the app over HTTP, with the time limits and the parser's errors of CONTRACT 1. */
export async function serve(
  app: BrokerApp,
  { port, address, tls, isTrustedProxy, corsOrigins = [] }: ListenOptions,
): Promise<RunningServer> {
  const secureTransport = tls !== undefined
  const answers = { secureTransport, cors: corsHeaders(corsOrigins) }
  let offered: Offered = {}
  const adapter = getRequestListener(app.fetch, {
    hostname: HOST_OF_NONE,
    // The adapter refuses a request line or Host that is not a URL before the app sees it.
    errorHandler: (error) =>
      error instanceof Error && error.name === "RequestError" ? malformedRequest(answers, offered) : undefined,
  })
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (!hasValidHost(incoming)) {
      answerMalformed(incoming, outgoing, { detail: "the request needs exactly one Host header", ...answers })
      return
    }
    // The adapter refuses a malformed request before this call returns, so `offered` is still this request's.
    offered = offeredBy(incoming)
    adapter(incoming, outgoing).catch(() => outgoing.destroy())
  }
  // Node's own answer to a missing Host would lack our headers.
  const options = { ...TIMEOUTS, maxHeaderSize: MAX_HEADER_BYTES, requireHostHeader: false }
  const server: Server | TlsServer =
    tls === undefined ? createServer(options, listener) : createTlsServer({ ...options, ...tls }, listener)
  server.timeout = STALL_TIMEOUT_MS
  server.maxConnections = secureTransport ? MAX_TLS_CONNECTIONS : MAX_CONNECTIONS
  limitConnections(server, isTrustedProxy)
  const connections = new Connections(server)
  answerParserErrors(server, answers, connections)
  await listen(server, port, address)
  return {
    address: server.address() as AddressInfo,
    renewCertificates(renewed) {
      if ("setSecureContext" in server) server.setSecureContext(renewed)
    },
    stop: () => stop(server, connections),
  }
}

/**
 * Whether a request has one Host, or is of HTTP/1.0 and has none, like the stock health check of HAProxy. Node takes
 * the first of several, another program in front the last.
 */
function hasValidHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ""
    if (name.length === 4 && name.toLowerCase() === "host") hosts += rawHeaders[i + 1] === "" ? 2 : 1
  }
  return hosts === 1 || (hosts === 0 && httpVersion === "1.0")
}

/** Closes the connections of a source beyond its limit. */
function limitConnections(server: Server, isTrustedProxy: IsTrustedProxy): void {
  const open = new Quota({ perSource: MAX_CONNECTIONS_PER_SOURCE, total: Number.POSITIVE_INFINITY })
  server.on("connection", (socket: Socket) => {
    const peer = socket.remoteAddress ?? ""
    if (isTrustedProxy(peer)) return
    const source = sourceOf(peer)
    if (open.acquire(source)) socket.once("close", () => open.release(source))
    else socket.destroy()
  })
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, address, () => {
      server.off("error", reject)
      resolve()
    })
  })
}

function stop(server: Server, connections: Connections): Promise<void> {
  return new Promise((resolve) => {
    const grace = setTimeout(() => connections.closeAll(), STOP_GRACE_MS)
    server.close(() => {
      clearTimeout(grace)
      resolve()
    })
    connections.closeWhenIdle()
  })
}
