import type { VerifiedClaims } from "../verify/verified-tokens.ts"
import type { GuardedRequest } from "./guard.ts"

/** The parts of Node's `IncomingMessage` that the adapters read. */
export interface NodeRequest {
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  /** Names and values alternately, as they were received. */
  readonly rawHeaders?: readonly string[]
}

/**
 * What the guard needs of a request of Node.
 * @param request the framework's own request.
 * @param url its path and query.
 */
export function guardedRequest<Request>(request: Request, node: NodeRequest, url: string): GuardedRequest<Request> {
  const id = node.headers["x-request-id"]
  return {
    request,
    authorization: authorizationOf(node),
    requestId: typeof id === "string" ? id : undefined,
    path: url.split("?", 1)[0] ?? "",
  }
}

/** Every value of the `Authorization` header: Node's `headers` keeps the first and drops the rest. */
function authorizationOf({ headers, rawHeaders = [] }: NodeRequest): readonly string[] {
  const values = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === "authorization")
  if (values.length > 0) return values
  const { authorization } = headers
  return typeof authorization === "string" ? [authorization] : []
}

const claims = new WeakMap<object, VerifiedClaims>()

/** Stores the claims of a request for its handlers. */
export function keepClaims(request: object, verified: VerifiedClaims): void {
  claims.set(request, verified)
}

/**
 * The claims of the token of a request.
 * @throws `TypeError` when no guard checked the request, so that the route is open.
 */
export function claimsOf(request: object): VerifiedClaims {
  const verified = claims.get(request)
  if (verified === undefined) throw new TypeError("this route has no guard: add guard(verifier) to it")
  return verified
}
