import { Refusal, UnavailableError } from "@agentwrit/authority"
import type { ProblemParts } from "./answer.ts"
import { BodyAbortedError, TooManyBodiesError } from "./body.ts"

/** The problem that a client reads for whatever a handler threw; `undefined` for a bug, of which it learns nothing. */
export function problemFor(error: unknown): ProblemParts | undefined {
  if (error instanceof Refusal) {
    const { code, detail, hint, retryAfter } = error
    return {
      code,
      detail,
      ...(hint !== undefined && { hint }),
      ...(retryAfter !== undefined && { retryAfter }),
      // The rest of the body is not read.
      ...(code === "payload_too_large" && { headers: { connection: "close" } }),
    }
  }
  // The store could not even be read; what a commit could not do is a refusal by now.
  if (error instanceof UnavailableError)
    return { code: "unavailable", detail: "the broker cannot read its records at the moment", retryAfter: 5 }
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
