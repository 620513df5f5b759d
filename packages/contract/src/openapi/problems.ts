import { createProblem, PROBLEM_MEDIA_TYPE, type ProblemCode, problemStatus } from "../problem.ts"
import type { Route } from "../route.ts"
import type { JsonObject } from "./json.ts"
import { referenceTo } from "./schemas.ts"

/** When a code is answered, in a sentence (CONTRACT 1). */
const MEANING: Readonly<Record<ProblemCode, string>> = {
  invalid_request: "Malformed JSON, or a field or query parameter that is missing, ill-typed or of the wrong form",
  invalid_ttl: "A TTL out of bounds",
  unauthorized: "The bearer token, secret, launch token, nonce, key or signature is missing or invalid",
  token_revoked: "A genuine, unexpired token that was revoked or released",
  insufficient_scope: "The caller lacks the scope that the route requires, or is of the wrong kind for it",
  scope_violation:
    "More scope than allowed, a delegation chain deeper than five, or a launch token that is bound to another task",
  forbidden: "The caller, its app or its task may not do this",
  not_found: "There is no such app or agent",
  method_not_allowed: "The path does not support this method",
  conflict: "An app of that name exists, the app is inactive, or the keys cannot rotate now",
  payload_too_large: "The body is larger than 1 MiB",
  rate_limited: "Too many attempts; retry after Retry-After",
  internal_error: "A bug; the request id finds it in the log",
  unavailable: "The store cannot commit, a queue is full, or the broker is stopping; retry after Retry-After",
}

/** The detail of the example of each code. */
const DETAIL: Readonly<Record<ProblemCode, string>> = {
  invalid_request: "requested_scope is missing: it must be a list of 1 to 256 scopes",
  invalid_ttl: "requested_ttl must be a whole number of seconds, 1 or more",
  unauthorized: "token verification failed",
  token_revoked: "token has been revoked",
  insufficient_scope: "the token does not have the scope that this route requires",
  scope_violation: "requested scope exceeds what the launch token allows",
  forbidden: "the app's ceiling does not cover this scope",
  not_found: "there is no such app",
  method_not_allowed: "this path does not support this method",
  conflict: "an app of this name exists",
  payload_too_large: "the body is larger than 1048576 bytes",
  rate_limited: "too many attempts",
  internal_error: "internal error",
  unavailable: "the broker cannot do this now",
}

/** The headers that come with a status. */
const HEADERS: Readonly<Record<number, JsonObject>> = {
  401: { "WWW-Authenticate": { $ref: "#/components/headers/WWW-Authenticate" } },
  429: { "Retry-After": { $ref: "#/components/headers/Retry-After" } },
  503: { "Retry-After": { $ref: "#/components/headers/Retry-After" } },
}

/** The headers of every answer. */
export const COMMON_HEADERS: JsonObject = {
  "X-Request-ID": { $ref: "#/components/headers/X-Request-ID" },
}

/** The problem answers of a route, one for each status, in ascending order. */
export function problemResponses({ path, problems }: Route): Record<string, JsonObject> {
  const byStatus = Map.groupBy(problems, problemStatus)
  const statuses = [...byStatus].sort(([a], [b]) => a - b)
  return Object.fromEntries(statuses.map(([status, codes]) => [String(status), problemResponse(path, status, codes)]))
}

function problemResponse(path: string, status: number, codes: ProblemCode[]): JsonObject {
  const [code = "internal_error"] = codes
  return {
    description: codes.map((code) => `\`${code}\`: ${MEANING[code]}`).join(".\n"),
    headers: { ...COMMON_HEADERS, ...HEADERS[status] },
    content: {
      [PROBLEM_MEDIA_TYPE]: {
        schema: {
          allOf: [
            { $ref: referenceTo("Problem") },
            { type: "object", properties: { status: { const: status }, error_code: { enum: codes } } },
          ],
        },
        example: { ...createProblem({ code, detail: DETAIL[code], instance: path, requestId: "7f3a09c1e5d24b68" }) },
      },
    },
  }
}
