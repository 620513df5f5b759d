import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http"
import type { Socket } from "node:net"
import { createProblem, PROBLEM_MEDIA_TYPE, type ProblemCode } from "@agentwrit/contract"
import type { Connections } from "./connections.ts"
import type { CorsHeaders } from "./http/cors.ts"
import { type AnswerHeaders, answerHeaders, requestIdOf } from "./http/headers.ts"

/** What the answers of one server have in common. */
export interface ServerAnswers {
  readonly secureTransport: boolean
  readonly cors: CorsHeaders
}

/** Answers what the HTTP parser refuses with the headers and problem documents of every other answer (CONTRACT 1). */
export function answerParserErrors(
  server: Server,
  answers: ServerAnswers,
  connections: Pick<Connections, "isAnswering" | "requestOf">,
): void {
  server.on("clientError", (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket) => {
    const { code = "", rawPacket } = error
    // Before the handshake is done there is no way to answer.
    const isUnanswerable = code === "ECONNRESET" || /^ERR_(SSL|TLS)_/.test(code) || !socket.writable
    // The client would take an answer to garbage behind a request for the answer to that request.
    const isBehindRequest = connections.isAnswering(socket) && code !== "ERR_HTTP_REQUEST_TIMEOUT"
    if (isUnanswerable || isBehindRequest) {
      socket.destroy()
      return
    }
    const [status, detail] = PARSER_ERRORS[code] ?? [400, "the request is not valid HTTP"]
    // Its body is late, or it could not be parsed.
    const request = connections.requestOf(socket)
    const offered = request === undefined ? { origin: originIn(rawPacket) } : offeredBy(request)
    answerRaw(socket, { status, code: "invalid_request", detail, ...answers, ...offered })
  })
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    // Node no longer limits the time of this connection, so an answer behind one that is not read could wait forever.
    if (connections.isAnswering(socket)) {
      socket.destroy()
      return
    }
    const detail = "CONNECT is not supported"
    const headers = { allow: "" }
    answerRaw(socket, { status: 405, code: "method_not_allowed", detail, ...answers, ...offeredBy(request), headers })
  })
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    answerMalformed(request, response, { detail: "only Expect: 100-continue is supported", ...answers })
  })
}

/** Answers a request whose rest is not read, and closes its connection. */
export function answerMalformed(
  request: IncomingMessage,
  response: ServerResponse,
  { detail, ...answers }: ServerAnswers & Pick<BareProblem, "detail">,
): void {
  const problem = { status: 400, code: "invalid_request", detail } as const
  const { headers, body } = bareProblem({ ...problem, ...answers, ...offeredBy(request) })
  response.writeHead(400, { ...headers, connection: "close" }).end(body)
}

/** The answer to a request line or Host that is not a URL. */
export function malformedRequest(answers: ServerAnswers, offered: Offered): Response {
  const detail = "the request line or the Host header is malformed"
  const { body, headers } = bareProblem({ status: 400, code: "invalid_request", detail, ...answers, ...offered })
  return new Response(body, { status: 400, headers })
}

/** What the client sent, whatever it looks like. */
export interface Offered {
  readonly requestId?: string | undefined
  readonly origin?: string | undefined
}

export function offeredBy({ headers }: IncomingMessage): Offered {
  const requestId = headers["x-request-id"]
  return { requestId: typeof requestId === "string" ? requestId : undefined, origin: headers.origin }
}

/** The origin in the last bytes of a request that was not parsed. Browsers send it after a token that is too long. */
const originIn = (bytes: Buffer | undefined): string | undefined =>
  bytes === undefined ? undefined : /\r\norigin:[ \t]*(\S+)\r\n/i.exec(bytes.toString("latin1"))?.[1]

const PARSER_ERRORS: Record<string, readonly [status: number, detail: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request took too long to arrive"],
  HPE_HEADER_OVERFLOW: [431, "the request's headers are too large"],
}

interface BareProblem extends ServerAnswers, Offered {
  readonly status: number
  readonly code: ProblemCode
  readonly detail: string
  readonly headers?: AnswerHeaders
}

function answerRaw(socket: Socket, problem: BareProblem): void {
  // Node has removed its own listener: without this one, a client that resets the connection would end the process.
  socket.on("error", () => socket.destroy())
  const { body, headers } = bareProblem(problem)
  const lines = Object.entries({ ...headers, connection: "close" }).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join("")}`
  socket.end(`${head}\r\n${body}`, () => socket.destroy())
}

/** A problem document without a path, which a malformed request does not have. */
function bareProblem({ status, code, detail, secureTransport, cors, headers: more, ...offered }: BareProblem) {
  const requestId = requestIdOf(offered.requestId)
  // The contract's table has no codes for statuses of the parser, such as 431.
  const document = { ...createProblem({ code, detail, instance: "", requestId }), status, title: STATUS_CODES[status] }
  const body = JSON.stringify(document)
  const headers: AnswerHeaders = {
    ...answerHeaders(requestId, secureTransport),
    ...cors(offered.origin),
    "content-type": PROBLEM_MEDIA_TYPE,
    "content-length": String(Buffer.byteLength(body)),
    ...more,
  }
  return { body, headers }
}
