import type { VerifiedClaims } from "../verify/verified-tokens.ts"
import type { GuardedRequest } from "./guard.ts"

/** The parts of Node's `IncomingMessage` that the adapters read. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  /** Names and values alternately, as they were received. */
  readonly rawHeaders?: readonly string[]
}

/** What Express and Fastify both know of a request. */
export interface FrameworkRequest {
  /** `http` or `https`, as a trusted proxy says. */
  readonly protocol: string
  /** Fastify 4 has none. Express 4 leaves the port out. */
  readonly host?: string
  readonly hostname: string
  /** Path and query. The oldest Fastify 4 has none. */
  readonly originalUrl?: string
}

/**
 * What the guard needs of a request of Node.
 * @param request the framework's own request.
 * @param node Node's request in it.
 */
export function guardedRequest<Request extends FrameworkRequest>(
  request: Request,
  node: NodeRequest,
): GuardedRequest<Request> {
  const id = node.headers["x-request-id"]
  return {
    request,
    identity: node,
    authorization: valuesOf("authorization", node),
    proofs: valuesOf("dpop", node),
    method: node.method ?? "",
    // Only its origin: a Host header may bring a path of its own.
    origin: URL.parse(`${request.protocol}://${hostOf(request, node)}`)?.origin ?? "",
    path: pathOf(request.originalUrl ?? node.url ?? ""),
    requestId: typeof id === "string" ? id : undefined,
  }
}

/** The path of a request target, whose absolute form (RFC 9112 section 3.2.2) has a scheme and a host in front. */
function pathOf(target: string): string {
  const [path = ""] = target.replace(/^\w+:\/\/[^/?]*/, "").split("?", 1)
  return path.startsWith("/") ? path : "/"
}

/** The host that the client named, with its port: the `Host` header, unless a trusted proxy named another one. */
function hostOf(request: FrameworkRequest, { headers }: NodeRequest): string {
  const sent = headers["host"]
  const isSent = typeof sent === "string" && (sent === request.hostname || sent.startsWith(`${request.hostname}:`))
  // Express 4 warns when `host` is read.
  return isSent ? sent : (request.host ?? request.hostname)
}

/** Every value of a header: Node's `headers` keeps one, or joins them. */
function valuesOf(name: string, { headers, rawHeaders = [] }: NodeRequest): readonly string[] {
  const values = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name)
  if (values.length > 0) return values
  const value = headers[name]
  return typeof value === "string" ? [value] : []
}

/** A token that a guard accepted. */
export interface AcceptedToken {
  readonly token: string
  readonly claims: VerifiedClaims
}

const accepted = new WeakMap<object, AcceptedToken>()

/** Keeps the token of a request for its handlers. */
export function keepToken(request: object, { token, claims }: AcceptedToken): void {
  accepted.set(request, { token, claims })
}

/** @throws `TypeError` when no guard checked the request, so that the route is open. */
export function acceptedToken(request: object): AcceptedToken {
  const found = accepted.get(request)
  if (found === undefined) throw new TypeError("this route has no guard: add guard(verifier) to it")
  return found
}

/**
 * The claims of the token of a request.
 * @throws `TypeError` when no guard checked the request, so that the route is open.
 */
export function claimsOf(request: object): VerifiedClaims {
  return acceptedToken(request).claims
}
