import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { createProblem, PROBLEM_MEDIA_TYPE, type ProblemCode } from "@agentwrit/contract"
import { MAX_TOKEN_LENGTH } from "@agentwrit/core"
import { getRequestListener } from "@hono/node-server"
import type { BrokerApp } from "./broker.ts"
import { Connections } from "./connections.ts"
import { answerHeaders, requestIdOf } from "./http/headers.ts"

/** Milliseconds. A client that is slower than this is cut off, within the second that looking for it takes. */
const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 120_000,
  connectionsCheckingInterval: 1_000,
} as const

/** Milliseconds that requests in flight get to finish when the server stops. */
const STOP_GRACE = 10_000

/** Bytes of a request's head: room for the longest token that is issued, and the rest. */
const MAX_HEADER_SIZE = MAX_TOKEN_LENGTH + 16 * 1024

/** Where to listen. */
export interface ListenOptions {
  /** 0 is any free port. */
  readonly port: number
  readonly address: string
}

/** A listening broker. */
export interface RunningServer {
  readonly address: AddressInfo
  /** Takes no new connection, lets requests in flight finish within 10 s, and then closes what is left. */
  stop(): Promise<void>
}

/** Serves the app over HTTP, its time limits and its own errors as CONTRACT 1 wants them. */
export async function serve(app: BrokerApp, { port, address }: ListenOptions): Promise<RunningServer> {
  const listener = getRequestListener(app.fetch, {
    // The adapter reports a request line or Host that is no URL before the app sees it.
    errorHandler: (error) => (error instanceof Error && error.name === "RequestError" ? malformedRequest() : undefined),
  })
  // Node's own answer to a missing Host would lack our headers; the adapter refuses it as well, through `errorHandler`.
  const server = createServer({ ...LIMITS, maxHeaderSize: MAX_HEADER_SIZE, requireHostHeader: false }, listener)
  server.on("clientError", answerParserError)
  server.on("checkExpectation", refuseExpectation)
  server.on("connect", (_request, socket: Socket) =>
    answerRaw(socket, 405, "method_not_allowed", "CONNECT is not supported"),
  )
  const connections = new Connections(server)
  await listen(server, port, address)
  return { address: server.address() as AddressInfo, stop: () => stop(server, connections) }
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
    const grace = setTimeout(() => server.closeAllConnections(), STOP_GRACE)
    server.close(() => {
      clearTimeout(grace)
      resolve()
    })
    connections.closeAsTheyFallIdle()
  })
}

function malformedRequest(): Response {
  const requestId = requestIdOf(undefined)
  const { body, headers } = bareProblem(
    requestId,
    "invalid_request",
    "the request line or the Host header is malformed",
  )
  return new Response(body, { status: 400, headers })
}

function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const offered = request.headers["x-request-id"]
  const requestId = requestIdOf(typeof offered === "string" ? offered : undefined)
  const { body, headers } = bareProblem(requestId, "invalid_request", "only Expect: 100-continue is supported")
  response.writeHead(400, { ...headers, "content-length": Buffer.byteLength(body), connection: "close" }).end(body)
}

const PARSER_ERRORS: Record<string, readonly [status: number, detail: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request took too long to arrive"],
  HPE_HEADER_OVERFLOW: [431, "the request's headers are too large"],
}

function answerParserError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, detail] = PARSER_ERRORS[error.code ?? ""] ?? [400, "the request is not valid HTTP"]
  answerRaw(socket, status, "invalid_request", detail)
}

function answerRaw(socket: Socket, status: number, code: ProblemCode, detail: string): void {
  const requestId = requestIdOf(undefined)
  const { body, headers } = bareProblem(requestId, code, detail, status)
  const lines = Object.entries({ ...headers, "content-length": String(Buffer.byteLength(body)), connection: "close" })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`, () => socket.destroy())
}

/** The problem for a request that never became one: it has no path. */
function bareProblem(requestId: string, code: ProblemCode, detail: string, status?: number) {
  const problem = createProblem({ code, detail, instance: "", requestId })
  const body = JSON.stringify(status === undefined ? problem : { ...problem, status, title: STATUS_CODES[status] })
  return { body, headers: { ...answerHeaders(requestId, false), "content-type": PROBLEM_MEDIA_TYPE } }
}
