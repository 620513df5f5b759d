import { Refusal } from "@agentwrit/authority"
import type { ProblemParts } from "../http/answer.ts"
import { BodyAbortedError, TooManyBodiesError } from "../http/body.ts"

/** What a client reads about a bug. */
export const BUG: ProblemParts = {
  code: "internal_error",
  detail: "the broker ran into a bug; its log has the request id",
}

/** What a client reads about an error; `undefined` for a bug, whose cause the client does not learn. */
export function problemPartsOf(error: unknown): ProblemParts | undefined {
  if (error instanceof Refusal) {
    const { code, detail, hint, retryAfter, challenge } = error
    return {
      code,
      detail,
      ...(hint !== undefined && { hint }),
      ...(retryAfter !== undefined && { retryAfter }),
      ...(challenge !== undefined && { challenge }),
      // The rest of the body is not read.
      ...(code === "payload_too_large" && { headers: { connection: "close" } }),
    }
  }
  if (error instanceof TooManyBodiesError)
    return {
      code: "unavailable",
      detail: "too many large requests are being received",
      retryAfter: 1,
      headers: { connection: "close" },
    }
  if (error instanceof BodyAbortedError) return { code: "invalid_request", detail: "the body did not arrive whole" }
  return undefined
}
