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
  readonly realm: string | undefined
  readonly resourceMetadata: string | undefined
  /** The scopes that the route always needs. */
  readonly scope: readonly string[]
}

interface RefusalContext {
  readonly challenge: Challenge
  /** Whether the request presented its token by DPoP. */
  readonly isDpop: boolean
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
export function refusalOf(error: VerifierError, { challenge, isDpop, requestId: sent, path }: RefusalContext): Refusal {
  const { status } = error
  const requestId = sent !== undefined && REQUEST_ID.test(sent) ? sent : newRequestId()
  const problem = createProblem({
    code: error.code === "wrong_kind" ? "forbidden" : CODES[status],
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
        : { "www-authenticate": challengeHeader(error, challenge, isDpop) }),
    },
    body: JSON.stringify(problem),
  }
}

/**
 * The challenge of RFC 6750, section 3, or of RFC 9449, section 7.1, for a token that came or should have come with a
 * proof. It has no `error` when the request had no token.
 */
function challengeHeader(error: VerifierError, { realm, resourceMetadata, scope }: Challenge, isDpop: boolean): string {
  const scopes = error.code === "insufficient_scope" ? error.required : scope
  const byProof = isDpop || error.code === "proof_missing"
  const named: [name: string, value: string | undefined] = ["realm", realm ?? (byProof ? undefined : "agentwrit")]
  const failed: [name: string, value: string | undefined] = ["error", errorAttribute(error)]
  const attributes = [
    ...(byProof ? [failed, named] : [named, failed]),
    ["scope", scopes.length === 0 ? undefined : scopes.join(" ")],
    ["resource_metadata", resourceMetadata],
  ]
  const present = attributes.flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${value}"`]))
  return `${byProof ? "DPoP" : "Bearer"} ${present.join(", ")}`
}

function errorAttribute({ name, status }: VerifierError): string | undefined {
  if (name === "MissingTokenError") return undefined
  if (name === "InvalidProofError") return "invalid_dpop_proof"
  return status === 403 ? "insufficient_scope" : "invalid_token"
}

/** 16 hex characters, like the broker's. */
function newRequestId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("")
}
