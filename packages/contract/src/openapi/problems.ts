import { PROBLEM_MEDIA_TYPE, type ProblemCode, problemStatus } from "../problem.ts"
import type { JsonObject } from "./json.ts"
import { referenceTo } from "./schemas.ts"

/** When a code is answered, in a sentence (CONTRACT 1). */
const MEANING: Readonly<Record<ProblemCode, string>> = {
  invalid_request: "Malformed JSON, or a field or query parameter that is missing, ill-typed or of the wrong form",
  invalid_ttl: "A TTL out of bounds",
  unauthorized: "The bearer token, secret, launch token, nonce, key or signature is missing or no good",
  token_revoked: "A genuine, unexpired token that was revoked or released",
  insufficient_scope: "The caller lacks the scope that the route names, or is of the wrong kind for it",
  scope_violation: "More scope than may be had, deeper than five delegations, or a launch token bound to another task",
  forbidden: "The caller, its app or its task may not do this",
  not_found: "There is no such app or agent",
  method_not_allowed: "The path does not answer this method",
  conflict: "An app of that name exists, or the app is inactive",
  payload_too_large: "The body is larger than 1 MiB",
  rate_limited: "Too many attempts; try again after Retry-After",
  internal_error: "A bug; the request id leads to it in the log",
  unavailable: "The store cannot commit, a queue is full, or the broker is stopping; try again after Retry-After",
}

/** What problems a status covers, and the headers that come with it. */
const HEADERS: Readonly<Record<number, JsonObject>> = {
  401: { "WWW-Authenticate": { $ref: "#/components/headers/WWW-Authenticate" } },
  429: { "Retry-After": { $ref: "#/components/headers/Retry-After" } },
  503: { "Retry-After": { $ref: "#/components/headers/Retry-After" } },
}

/** The headers that every answer carries. */
export const COMMON_HEADERS: JsonObject = {
  "X-Request-ID": { $ref: "#/components/headers/X-Request-ID" },
}

/** The problem answers of a route, one for each status, in ascending order. */
export function problemResponses(codes: readonly ProblemCode[]): Record<string, JsonObject> {
  const byStatus = Map.groupBy(codes, problemStatus)
  const statuses = [...byStatus].sort(([a], [b]) => a - b)
  return Object.fromEntries(statuses.map(([status, same]) => [String(status), problemResponse(status, same)]))
}

function problemResponse(status: number, codes: ProblemCode[]): JsonObject {
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
      },
    },
  }
}
