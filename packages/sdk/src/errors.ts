import type { Problem, ProblemCode } from "@agentwrit/contract"

/** What an {@link AgentWritError} adds to its code and message; each is absent where nothing is known of it. */
export interface AgentWritErrorOptions extends ErrorOptions {
  readonly status?: number | undefined
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  readonly requestId?: string | undefined
  readonly retryAfter?: number | undefined
}

/**
 * Base of every error that this package throws for what it meets at run time. No message, field or cause of it holds a token, a
 * secret or a key. Wrong use by a programmer is a `TypeError` instead, and an aborted call rejects with its signal's reason.
 */
export class AgentWritError<Code extends string = string> extends Error {
  override readonly name: string = "AgentWritError"
  /** What went wrong, for programs. Codes are stable. */
  readonly code: Code
  /** The HTTP status of the broker's answer; absent when there was none. */
  readonly status: number | undefined
  /** What is wrong, in the broker's words where it gave any. */
  readonly detail: string
  /** What to do next. */
  readonly hint: string | undefined
  /** The `X-Request-ID` of the answer, by which the operator finds it in the broker's log. */
  readonly requestId: string | undefined
  /** Seconds after which to try again, where the answer named them. */
  readonly retryAfter: number | undefined

  constructor(code: Code, message: string, options: AgentWritErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined)
    this.code = code
    this.status = options.status
    this.detail = options.detail ?? message
    this.hint = options.hint
    this.requestId = options.requestId
    this.retryAfter = options.retryAfter
  }
}

/** What of a problem document is read; the contract's schema of all of it is not carried into every bundle. */
type ReadProblem = Pick<Problem, "status" | "detail" | "error_code" | "request_id" | "hint">

/** Whether an answer's JSON is a problem document, as far as it is read. */
export function isProblem(value: unknown): value is ReadProblem {
  if (typeof value !== "object" || value === null) return false
  const { status, detail, error_code: code, request_id: requestId, hint = "" }: Partial<ReadProblem> = value
  return typeof status === "number" && [detail, code, requestId, hint].every((text) => typeof text === "string")
}

/** The broker refused, with a problem document (RFC 9457; CONTRACT 1, "Errors"). */
export class BrokerError extends AgentWritError<ProblemCode> {
  override readonly name = "BrokerError"
  declare readonly status: number

  constructor(problem: ReadProblem, retryAfter: number | undefined) {
    const { detail, hint, request_id: requestId, status } = problem
    const advice = hint === undefined ? "" : `; ${hint}`
    super(problem.error_code as ProblemCode, `${detail} (${problem.error_code}, request ${requestId})${advice}`, {
      status,
      detail,
      hint,
      requestId,
      retryAfter,
    })
  }
}

/** No answer came from the broker: it could not be reached, or took too long. Whether it acted on the request is unknown. */
export class NetworkError extends AgentWritError<"network_error" | "timeout"> {
  override readonly name = "NetworkError"
  /** The broker that was called. */
  readonly brokerUrl: string

  constructor(code: "network_error" | "timeout", brokerUrl: string, detail: string, options?: ErrorOptions) {
    super(code, `the broker at ${brokerUrl} ${detail}`, {
      ...options,
      detail,
      hint: "check that the broker runs, that its URL is right, and that nothing between stops the call",
    })
    this.brokerUrl = brokerUrl
  }
}

/** Something answered in the broker's place, or a broker of another version: the answer is not of the contract's form. */
export class UnexpectedAnswerError extends AgentWritError<"unexpected_answer"> {
  override readonly name = "UnexpectedAnswerError"
  declare readonly status: number
  /** The broker that was called. */
  readonly brokerUrl: string

  constructor(brokerUrl: string, status: number, detail: string, requestId?: string, retryAfter?: number) {
    super("unexpected_answer", `${brokerUrl} answered ${status} in a form that is not the broker's: ${detail}`, {
      status,
      detail,
      requestId,
      retryAfter,
      hint: "check that the URL is the broker's own, and not that of a proxy or another service",
    })
    this.brokerUrl = brokerUrl
  }
}

/** A request that the broker would refuse for its form; it was not sent. The message names the field, never its value. */
export class InvalidRequestError extends AgentWritError<"invalid_request" | "invalid_ttl"> {
  override readonly name = "InvalidRequestError"
}
