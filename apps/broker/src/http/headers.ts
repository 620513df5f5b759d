import { uniqueHex } from "@agentwrit/authority"

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/

/** Headers by lower-case name. */
export type AnswerHeaders = Record<string, string>

/** The client's request id when it is safe in a log, else a new one. */
export function requestIdOf(offered: string | undefined): string {
  return offered !== undefined && REQUEST_ID.test(offered) ? offered : uniqueHex(8)
}

/** The headers of every answer, the parser's errors included (CONTRACT 1). */
export function answerHeaders(requestId: string, secureTransport: boolean): AnswerHeaders {
  const headers: AnswerHeaders = {
    "x-request-id": requestId,
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "x-frame-options": "DENY",
  }
  if (secureTransport) headers["strict-transport-security"] = "max-age=63072000; includeSubDomains"
  return headers
}
