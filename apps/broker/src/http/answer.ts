import { createProblem, PROBLEM_MEDIA_TYPE, type ProblemCode, problemStatus } from "@agentwrit/contract"
import { type AnswerHeaders, answerHeaders } from "./headers.ts"

/** What a request is, as far as answering it goes. */
export interface Exchange {
  readonly requestId: string
  readonly path: string
  /** Whether it came over TLS. */
  readonly secureTransport: boolean
}

/** An answer before it has headers. */
export interface Answer {
  readonly status: number
  /** Absent: no body. */
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  readonly mediaType?: string
  readonly headers?: AnswerHeaders
}

/** The one place where a Response is made. */
export function respond(exchange: Exchange, { status, body, mediaType, headers }: Answer): Response {
  const all = answerHeaders(exchange.requestId, exchange.secureTransport)
  if (mediaType !== undefined) all["content-type"] = mediaType
  return new Response(body ?? null, { status, headers: headers === undefined ? all : { ...all, ...headers } })
}

/** A JSON answer. */
export const json = (status: number, value: unknown): Answer => ({
  status,
  body: JSON.stringify(value),
  mediaType: "application/json",
})

/** The parts of a problem that its exchange does not settle. */
export interface ProblemParts {
  readonly code: ProblemCode
  readonly detail: string
  readonly hint?: string
  readonly retryAfter?: number
  readonly headers?: AnswerHeaders
}

/** A problem answer with the headers that its code wants (CONTRACT 1). */
export function problem(exchange: Exchange, { code, detail, hint, retryAfter, headers }: ProblemParts): Answer {
  const document = createProblem({
    code,
    detail,
    instance: exchange.path,
    requestId: exchange.requestId,
    ...(hint !== undefined && { hint }),
  })
  return {
    status: problemStatus(code),
    body: JSON.stringify(document),
    mediaType: PROBLEM_MEDIA_TYPE,
    headers: {
      ...headers,
      ...(code === "unauthorized" && { "www-authenticate": "Bearer" }),
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
    },
  }
}
