import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { createServer as createTlsServer, type Server as TlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { MAX_TOKEN_LENGTH } from "@agentwrit/core"
import { getRequestListener } from "@hono/node-server"
import type { BrokerApp } from "./broker.ts"
import { boundConnections } from "./connection-bounds.ts"
import { Connections } from "./connections.ts"
import type { IsTrustedProxy } from "./http/client-address.ts"
import { answerParserErrors, malformedRequest, offeredId } from "./parser-errors.ts"
import type { TlsSettings } from "./tls.ts"

/** Milliseconds. A client that is slower than this is cut off, within the second that looking for it takes. */
const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 120_000,
  connectionsCheckingInterval: 1_000,
} as const

/**
 * Milliseconds for which a client whose request is being answered may neither send nor take a byte. A stream of events has one every
 * 5 s.
 */
const STALLED = 30_000

/** Bytes of a request's head: room for the longest token that is issued, and the rest. */
const MAX_HEADER_SIZE = MAX_TOKEN_LENGTH + 16 * 1024

/** Milliseconds that requests in flight get to finish when the server stops. */
const STOP_GRACE = 10_000

/** Where and how to listen. */
export interface ListenOptions {
  /** 0 is any free port. */
  readonly port: number
  readonly address: string
  /** Absent: plain HTTP. */
  readonly tls?: TlsSettings
  /** Whose connections are those of many clients. */
  readonly isTrustedProxy: IsTrustedProxy
}

/** A listening broker. */
export interface RunningServer {
  readonly address: AddressInfo
  /** Takes new certificates for connections from now on; those that are open stay as they are. */
  renewCertificates(tls: TlsSettings): void
  /** Takes no new connection, lets requests in flight finish within 10 s, and then closes what is left. */
  stop(): Promise<void>
}

/** Serves the app over HTTP, its time limits and its own errors as CONTRACT 1 wants them. */
export async function serve(
  app: BrokerApp,
  { port, address, tls, isTrustedProxy }: ListenOptions,
): Promise<RunningServer> {
  const secureTransport = tls !== undefined
  let offered: string | undefined
  const adapter = getRequestListener(app.fetch, {
    // The adapter reports a request line or Host that is no URL before the app sees it.
    errorHandler: (error) =>
      error instanceof Error && error.name === "RequestError" ? malformedRequest(secureTransport, offered) : undefined,
  })
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    // The adapter refuses a malformed request before this call returns, so no other can come between.
    offered = offeredId(incoming)
    // It answers every error itself; were one to get through, this client alone loses its connection.
    adapter(incoming, outgoing).catch(() => outgoing.destroy())
  }
  // Node's own answer to a missing Host would lack our headers; the adapter refuses it as well, through `errorHandler`.
  const options = { ...LIMITS, maxHeaderSize: MAX_HEADER_SIZE, requireHostHeader: false }
  const server: Server | TlsServer =
    tls === undefined ? createServer(options, listener) : createTlsServer({ ...options, ...tls }, listener)
  server.timeout = STALLED
  const connections = new Connections(server)
  boundConnections(server, connections, isTrustedProxy)
  answerParserErrors(server, secureTransport, (socket) => connections.isAnswering(socket))
  await listen(server, port, address)
  return {
    address: server.address() as AddressInfo,
    renewCertificates(renewed) {
      if ("setSecureContext" in server) server.setSecureContext(renewed)
    },
    stop: () => stop(server, connections),
  }
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
    const grace = setTimeout(() => connections.closeAll(), STOP_GRACE)
    server.close(() => {
      clearTimeout(grace)
      resolve()
    })
    connections.closeAsTheyFallIdle()
  })
}
