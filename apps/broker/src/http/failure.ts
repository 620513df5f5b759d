import { Refusal } from "@agentwrit/authority"
import type { ProblemParts } from "./answer.ts"
import { BodyAbortedError, BodyTooLargeError, MAX_BODY, TooManyBodiesError } from "./body.ts"

/** The problem that a client reads for whatever a handler threw; `undefined` for a bug, of which it learns nothing. */
export function problemFor(error: unknown): ProblemParts | undefined {
  if (error instanceof Refusal) {
    const { code, detail, hint, retryAfter } = error
    return { code, detail, ...(hint !== undefined && { hint }), ...(retryAfter !== undefined && { retryAfter }) }
  }
  if (error instanceof BodyTooLargeError)
    return {
      code: "payload_too_large",
      detail: `the body is larger than ${MAX_BODY} bytes`,
      headers: { connection: "close" },
    }
  if (error instanceof TooManyBodiesError)
    return {
      code: "unavailable",
      detail: "too many requests are on their way in",
      retryAfter: 1,
      headers: { connection: "close" },
    }
  if (error instanceof BodyAbortedError) return { code: "invalid_request", detail: "the body did not arrive whole" }
  return undefined
}
