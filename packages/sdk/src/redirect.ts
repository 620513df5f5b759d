import { checkTarget, isHttp, TargetError } from "./allowed-origins.ts"

/** One request on its way to where a redirect sends it. */
export interface Hop {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: NonNullable<RequestInit["body"]> | null
}

/** As many redirects as the Fetch standard follows. */
const MAX_REDIRECTS = 20
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const OF_THE_BODY = ["content-encoding", "content-language", "content-length", "content-location", "content-type"]
const OF_THE_ORIGIN = ["authorization", "cookie", "host", "proxy-authorization"]

/**
 * Where an answer redirects a request to, by the rules of the Fetch standard (HTTP-redirect fetch), with three differences: the token
 * leaves the request for good at another origin, on whatever platform; allowed origins bind redirects too; and none leads from https
 * to http. `undefined` when it does not redirect.
 * @param redirects how many were followed before.
 * @throws {@link TargetError} `redirect_refused`, `origin_not_allowed`
 */
export function redirected(
  hop: Hop,
  answer: Response,
  redirects: number,
  allowed: ReadonlySet<string> | undefined,
): Hop | undefined {
  const { origin } = hop.url
  const refuse = (detail: string, hint = 'ask for the final URL, or set redirect: "manual"'): never => {
    throw new TargetError("redirect_refused", origin, detail, hint)
  }
  if (answer.type === "opaqueredirect") return refuse("redirects, and browsers hide where to")
  const location = REDIRECTS.has(answer.status) ? answer.headers.get("location") : null
  if (location === null) return undefined
  const url = URL.parse(location, hop.url.href)
  if (url === null || !isHttp(url) || url.username !== "" || url.password !== "")
    return refuse("redirects to what is no plain http or https URL")
  if (hop.url.protocol === "https:" && url.protocol === "http:") return refuse("redirects from https to http")
  if (redirects >= MAX_REDIRECTS) return refuse(`redirects more than ${MAX_REDIRECTS} times`)
  if (allowed !== undefined) checkTarget(url, allowed)
  const headers = new Headers(hop.headers)
  if (url.origin !== origin) for (const name of OF_THE_ORIGIN) headers.delete(name)
  const { status } = answer
  const { method } = hop
  if (status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST") {
    for (const name of OF_THE_BODY) headers.delete(name)
    return { url, method: "GET", headers, body: null }
  }
  if (!isReplayable(hop)) return refuse("redirects a stream, which cannot be sent twice")
  return { url, method, headers, body: hop.body }
}

/** Whether the request can be sent a second time. */
export function isReplayable({ body }: Hop): boolean {
  // Streams, and the iterables that Node takes for bodies, are read once.
  return !(
    body instanceof ReadableStream ||
    (typeof body === "object" && body !== null && Symbol.asyncIterator in body)
  )
}
