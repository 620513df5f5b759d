import type { Problem, ProblemCode } from "@agentwrit/contract"

/** Details of an {@link AgentWritError}; each is absent when unknown. */
export interface AgentWritErrorOptions extends ErrorOptions {
  readonly status?: number | undefined
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  readonly requestId?: string | undefined
  readonly retryAfter?: number | undefined
}

/**
 * Base class of every error that this package throws at run time. No message, field or cause contains a token, a secret
 * or a key. Incorrect use by the programmer is a `TypeError` instead, and an aborted call rejects with its signal's
 * reason.
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
  /** The `X-Request-ID` of the answer. The operator finds the request by it in the broker's log. */
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

/**
 * The members of a problem document that are read. The contract's schema for all of them would enlarge every bundle.
 */
type ReadProblem = Pick<Problem, "status" | "detail" | "error_code" | "request_id" | "hint">

/** Whether the JSON of an answer is a problem document. */
export function isProblem(value: unknown): value is ReadProblem {
  if (typeof value !== "object" || value === null) return false
  const { status, detail, error_code: code, request_id: requestId, hint = "" }: Partial<ReadProblem> = value
  return typeof status === "number" && [detail, code, requestId, hint].every((text) => typeof text === "string")
}

/** The broker refused, with a problem document (RFC 9457; CONTRACT 1, "Errors"). */
export class BrokerError extends AgentWritError<ProblemCode> {
  override readonly name = "BrokerError"
  declare readonly status: number

  constructor(
    { detail, hint, request_id: requestId, status, error_code }: ReadProblem,
    retryAfter: number | undefined,
  ) {
    const advice = hint === undefined ? "" : `; ${hint}`
    const message = `${detail} (${error_code}, request ${requestId})${advice}`
    super(error_code as ProblemCode, message, { status, detail, hint, requestId, retryAfter })
  }
}

/**
 * No answer came from the broker: it could not be reached, or took too long. Whether it processed the request is
 * unknown.
 */
export class NetworkError extends AgentWritError<"network_error" | "timeout"> {
  override readonly name = "NetworkError"
  /** The broker that was called. */
  readonly brokerUrl: string

  constructor(code: "network_error" | "timeout", brokerUrl: string, detail: string, options?: ErrorOptions) {
    const hint = "check that the broker runs, that its URL is correct, and that no firewall or proxy blocks the call"
    super(code, `the broker at ${brokerUrl} ${detail}`, { ...options, detail, hint })
    this.brokerUrl = brokerUrl
  }
}

/** What proxies answer to a header beyond their limit; 494 is nginx's own. */
const TOO_LARGE = new Set([400, 413, 431, 494])

/**
 * The answer does not have the contract's form: it came from something else than a broker, or from a broker of another
 * version.
 */
export class UnexpectedAnswerError extends AgentWritError<"unexpected_answer"> {
  override readonly name = "UnexpectedAnswerError"
  declare readonly status: number
  /** The broker that was called. */
  readonly brokerUrl: string

  constructor(brokerUrl: string, status: number, detail: string, requestId?: string, retryAfter?: number) {
    const hint = TOO_LARGE.has(status)
      ? "a proxy before the broker refused the request, probably because its headers are too large: ask for fewer scopes, delegate less " +
        "deeply, or let the proxy take larger headers"
      : "check that the URL is the broker's own, and not that of a proxy or another service"
    const message = `${brokerUrl} answered ${status} in a form that is not the broker's: ${detail}`
    super("unexpected_answer", message, { status, detail, requestId, retryAfter, hint })
    this.brokerUrl = brokerUrl
  }
}

/**
 * The broker would refuse the form of the request, so it was not sent. The message names the field, never its value.
 */
export class InvalidRequestError extends AgentWritError<"invalid_request" | "invalid_ttl"> {
  override readonly name = "InvalidRequestError"
}
