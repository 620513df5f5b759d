import type { ProofChallenge } from "@agentwrit/authority"
import type { ProblemCode } from "@agentwrit/contract"
import { type AnswerHeaders, answerHeaders } from "./headers.ts"

/** What an answer needs to know about its request. */
export interface Exchange {
  readonly requestId: string
  readonly path: string
  /** Whether the request came over TLS. */
  readonly secureTransport: boolean
  /** The headers that let the page which sent the request read the answer. */
  readonly corsHeaders?: AnswerHeaders | undefined
}

/** An answer before it has headers. */
export interface Answer {
  readonly status: number
  /** Absent: no body. */
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  readonly mediaType?: string
  readonly headers?: AnswerHeaders
}

/** What went wrong, for a protocol to render. */
export interface ProblemParts {
  readonly code: ProblemCode
  readonly detail: string
  readonly hint?: string
  /** Seconds. */
  readonly retryAfter?: number
  /** The error of a DPoP challenge (RFC 9449 section 7.1). Absent: the challenge is Bearer's. */
  readonly challenge?: ProofChallenge
  readonly headers?: AnswerHeaders
}

/** Makes the response. Its headers are built at once: setting one on a finished Response costs more than the rest. */
export function respond(exchange: Exchange, { status, body, mediaType, headers }: Answer): Response {
  const { corsHeaders } = exchange
  const all = answerHeaders(exchange.requestId, exchange.secureTransport)
  if (corsHeaders !== undefined) Object.assign(all, corsHeaders)
  if (mediaType !== undefined) all["content-type"] = mediaType
  return new Response(body ?? null, { status, headers: headers === undefined ? all : { ...all, ...headers } })
}

/** A JSON answer. */
export const json = (status: number, value: unknown): Answer => ({
  status,
  body: JSON.stringify(value),
  mediaType: "application/json",
})
