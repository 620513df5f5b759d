import { checkTarget, type OriginSchemes } from "./allowed-origins.ts"
import { isHttp, TargetError } from "./target-error.ts"

/** One request of a chain of redirects. */
export interface Hop {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  /** Whether the request carries the token. */
  readonly authorized: boolean
  readonly body: NonNullable<RequestInit["body"]> | null
}

/** The limit of the Fetch standard. */
const MAX_REDIRECTS = 20
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308])
const BODY_HEADERS = ["content-encoding", "content-language", "content-length", "content-location", "content-type"]
const ORIGIN_HEADERS = ["authorization", "cookie", "dpop", "host", "proxy-authorization"]

/**
 * The next request that an answer redirects to, or `undefined` when it does not redirect. It follows the Fetch standard
 * (HTTP-redirect fetch), with three differences: at another origin the token is removed for good; the allowed origins
 * also apply to redirects; and none may lead from https to http.
 * @param redirects how many were followed before.
 * @throws {@link TargetError} `redirect_refused`, `origin_not_allowed`
 */
export function nextHop(hop: Hop, answer: Response, redirects: number, allowed: OriginSchemes): Hop | undefined {
  const { origin } = hop.url
  const refuse = (detail: string, hint = 'request the final URL, or set redirect: "manual"'): never => {
    throw new TargetError("redirect_refused", origin, detail, hint)
  }
  if (answer.type === "opaqueredirect") return refuse("redirects, and browsers hide the target")
  const location = REDIRECT_STATUSES.has(answer.status) ? answer.headers.get("location") : null
  if (location === null) return undefined
  const url = URL.parse(location, hop.url.href)
  if (url === null || !isHttp(url) || url.username !== "" || url.password !== "")
    return refuse("redirects to something that is not a plain http or https URL")
  if (hop.url.protocol === "https:" && url.protocol === "http:") return refuse("redirects from https to http")
  if (redirects >= MAX_REDIRECTS) return refuse(`redirects more than ${MAX_REDIRECTS} times`)
  if (allowed !== "any") checkTarget(url, allowed)
  const headers = new Headers(hop.headers)
  const authorized = hop.authorized && url.origin === origin
  if (url.origin !== origin) for (const name of ORIGIN_HEADERS) headers.delete(name)
  const { status } = answer
  const { method } = hop
  if (status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST") {
    for (const name of BODY_HEADERS) headers.delete(name)
    return { url, method: "GET", headers, authorized, body: null }
  }
  if (!isReplayable(hop)) return refuse("redirects a request whose body is a stream, which cannot be sent twice")
  return { url, method, headers, authorized, body: hop.body }
}

/** Whether the request can be sent a second time. */
export function isReplayable({ body }: Hop): boolean {
  // Streams, and the iterables that Node accepts as bodies, can be read only once.
  return !(
    body instanceof ReadableStream ||
    (typeof body === "object" && body !== null && Symbol.asyncIterator in body)
  )
}
