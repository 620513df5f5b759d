import { createProblem, PROBLEM_MEDIA_TYPE, type ProblemCode } from "@agentwrit/contract"
import type { VerifierError } from "../verify/errors.ts"

/** The answer to a refused request. */
export interface Refusal {
  readonly status: 401 | 403 | 503
  readonly headers: Readonly<Record<string, string>>
  /** An RFC 9457 problem document, like the broker's. */
  readonly body: string
}

/** What the challenge says about the route (RFC 6750, section 3). */
export interface Challenge {
  readonly realm: string
  readonly resourceMetadata: string | undefined
  /** The scopes that the route always needs. */
  readonly scope: readonly string[]
}

interface RefusalContext {
  readonly challenge: Challenge
  readonly requestId: string | undefined
  readonly path: string
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/

/** A verifier that lost its connection usually reconnects within a few seconds. */
const RETRY_AFTER_S = 2

const CODES = { 401: "unauthorized", 403: "insufficient_scope", 503: "unavailable" } as const satisfies Record<
  VerifierError["status"],
  ProblemCode
>

/** The client's answer. It explains a missing scope, because the token is valid then, and nothing else. */
export function refusalOf(error: VerifierError, { challenge, requestId: sent, path }: RefusalContext): Refusal {
  const { status } = error
  const requestId = sent !== undefined && REQUEST_ID.test(sent) ? sent : newRequestId()
  const problem = createProblem({
    code: CODES[status],
    detail: error.clientDetail,
    instance: path,
    requestId,
    hint: error.code === "insufficient_scope" ? error.hint : undefined,
  })
  return {
    status,
    headers: {
      "content-type": PROBLEM_MEDIA_TYPE,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-request-id": requestId,
      ...(status === 503
        ? { "retry-after": String(RETRY_AFTER_S) }
        : { "www-authenticate": challengeHeader(error, challenge) }),
    },
    body: JSON.stringify(problem),
  }
}

/** The challenge of RFC 6750, section 3. It has no `error` when the request had no token. */
function challengeHeader(error: VerifierError, { realm, resourceMetadata, scope }: Challenge): string {
  const scopes = error.code === "insufficient_scope" ? error.required : scope
  const attributes: [name: string, value: string | undefined][] = [
    ["realm", realm],
    ["error", errorAttribute(error)],
    ["scope", scopes.length === 0 ? undefined : scopes.join(" ")],
    ["resource_metadata", resourceMetadata],
  ]
  const present = attributes.flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${value}"`]))
  return `Bearer ${present.join(", ")}`
}

function errorAttribute({ code }: VerifierError): string | undefined {
  if (code === "missing_token") return undefined
  return code === "insufficient_scope" ? "insufficient_scope" : "invalid_token"
}

/** 16 hex characters, like the broker's. */
function newRequestId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("")
}
