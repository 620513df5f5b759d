import { createProblem, PROBLEM_MEDIA_TYPE, type ProblemCode } from "@agentwrit/contract"
import type { VerifierError } from "../verify/errors.ts"

/** The answer to a request that is refused. */
export interface Refusal {
  readonly status: 401 | 403 | 503
  readonly headers: Readonly<Record<string, string>>
  /** An RFC 9457 problem document, as the broker writes them. */
  readonly body: string
}

/** What a challenge tells of the route (RFC 6750, section 3). */
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

/** Seconds after which a client may try again while tokens cannot be verified: the verifier connects again within a few. */
const RETRY_AFTER = 2

const CODES = { 401: "unauthorized", 403: "insufficient_scope", 503: "unavailable" } as const satisfies Record<
  VerifierError["status"],
  ProblemCode
>

/** What the client gets: what is wrong with its token is told only where it proved itself, for a missing scope. */
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
      ...(status === 503 ? { "retry-after": String(RETRY_AFTER) } : { "www-authenticate": written(error, challenge) }),
    },
    body: JSON.stringify(problem),
  }
}

/** The challenge of RFC 6750, section 3; without an error where no token was sent. */
function written(error: VerifierError, { realm, resourceMetadata, scope }: Challenge): string {
  const scopes = error.code === "insufficient_scope" ? error.required : scope
  const attributes: [name: string, value: string | undefined][] = [
    ["realm", realm],
    ["error", attributeOf(error)],
    ["scope", scopes.length === 0 ? undefined : scopes.join(" ")],
    ["resource_metadata", resourceMetadata],
  ]
  const told = attributes.flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${value}"`]))
  return `Bearer ${told.join(", ")}`
}

function attributeOf({ code }: VerifierError): string | undefined {
  if (code === "missing_token") return undefined
  return code === "insufficient_scope" ? "insufficient_scope" : "invalid_token"
}

/** 16 hex characters, as the broker makes them. */
function newRequestId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("")
}
