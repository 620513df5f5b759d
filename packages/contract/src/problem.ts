import * as v from "valibot"
import { text, wholeNumber } from "./fields.ts"

/** The status of each problem code and its reason phrase (CONTRACT 1, "Errors"). */
const PROBLEMS = {
  invalid_request: { status: 400, title: "Bad Request" },
  invalid_ttl: { status: 400, title: "Bad Request" },
  unauthorized: { status: 401, title: "Unauthorized" },
  token_revoked: { status: 403, title: "Forbidden" },
  insufficient_scope: { status: 403, title: "Forbidden" },
  scope_violation: { status: 403, title: "Forbidden" },
  forbidden: { status: 403, title: "Forbidden" },
  not_found: { status: 404, title: "Not Found" },
  method_not_allowed: { status: 405, title: "Method Not Allowed" },
  conflict: { status: 409, title: "Conflict" },
  payload_too_large: { status: 413, title: "Content Too Large" },
  rate_limited: { status: 429, title: "Too Many Requests" },
  internal_error: { status: 500, title: "Internal Server Error" },
  unavailable: { status: 503, title: "Service Unavailable" },
} as const

/** What went wrong, in one stable word (CONTRACT 1, the table of codes). */
export type ProblemCode = keyof typeof PROBLEMS

/** The HTTP status of a problem code. */
export type ProblemStatus = (typeof PROBLEMS)[ProblemCode]["status"]

/** Every problem code, in the order of CONTRACT 1's table. */
export const PROBLEM_CODES: readonly ProblemCode[] = /* @__PURE__ */ Object.keys(PROBLEMS) as ProblemCode[]

/** The prefix of a problem's `type`; the code follows. */
export const PROBLEM_TYPE_PREFIX = "urn:agentwrit:error:"

/** The media type of a problem document (RFC 9457, section 3). */
export const PROBLEM_MEDIA_TYPE = "application/problem+json"

/** An RFC 9457 problem document, in its wire form. */
export interface Problem {
  /** `urn:agentwrit:error:` and the code. */
  type: string
  /** The status's reason phrase. */
  title: string
  status: number
  /** What is wrong with this request. Nothing that the caller may not know. */
  detail: string
  /** The path of the request. */
  instance: string
  /** The code. A newer broker may send one that this version does not know. */
  error_code: string
  /** The answer's `X-Request-ID`. */
  request_id: string
  /** What to do next. */
  hint?: string
}

/** The parts of a problem that do not follow from its code. */
export interface ProblemOptions {
  readonly code: ProblemCode
  /** The text for the client: never a secret, never an internal cause. */
  readonly detail: string
  /** The path of the request. */
  readonly instance: string
  readonly requestId: string
  /** What to do next. */
  readonly hint?: string | undefined
}

/** The HTTP status of a problem code. */
export function problemStatus(code: ProblemCode): ProblemStatus {
  return PROBLEMS[code].status
}

/**
 * The problem document of a refusal (CONTRACT 1).
 *
 * @example
 * ```ts
 * createProblem({ code: "not_found", detail: "there is no such app", instance: "/v1/admin/apps/app-x-0a1b2c", requestId: "7f3a" })
 * ```
 */
export function createProblem({ code, detail, instance, requestId, hint }: ProblemOptions): Problem {
  const { status, title } = PROBLEMS[code]
  const problem: Problem = {
    type: PROBLEM_TYPE_PREFIX + code,
    title,
    status,
    detail,
    instance,
    error_code: code,
    request_id: requestId,
  }
  if (hint !== undefined) problem.hint = hint
  return problem
}

/** The schema of a problem document. Its member names are RFC 9457's and are not converted. */
export const problem: v.GenericSchema<Problem> = v.looseObject({
  type: text("`urn:agentwrit:error:` and the error code"),
  title: text("The status's reason phrase"),
  status: wholeNumber("The HTTP status", 400, 599),
  detail: text("What is wrong with this request"),
  instance: text("The path of the request"),
  error_code: text("What went wrong, in one stable word"),
  request_id: text("The answer's X-Request-ID"),
  hint: v.exactOptional(text("What to do next")),
})
