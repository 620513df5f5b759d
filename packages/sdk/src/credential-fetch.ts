import { abortable } from "./abortable.ts"
import { checkTarget } from "./allowed-origins.ts"
import type { CredentialTerms, ManagedToken } from "./managed-token.ts"
import { type Hop, isReplayable, nextHop } from "./redirect.ts"

/** The standard `fetch`, with the credential's token. */
export type CredentialFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * Makes a `fetch` that adds the token. It follows redirects itself, so that on every platform the token stays within the origin of
 * the request.
 */
export function createCredentialFetch(
  source: ManagedToken,
  { client, allowedOrigins }: CredentialTerms,
): CredentialFetch {
  const { fetch } = client
  return async (input, init = {}) => {
    const signal = init.signal ?? (input instanceof Request ? input.signal : undefined)
    const { first, follow, options } = await firstHop(input, init, signal)
    checkTarget(first.url, allowedOrigins)
    let bearer = await source.token({ signal })
    first.headers.set("authorization", `Bearer ${bearer}`)

    const send = async (hop: Hop): Promise<Response> => {
      const { url, ...request } = hop
      const answer = await fetch(url.href, { ...options, ...request })
      if (!(isTokenRefusal(answer) && hop.headers.has("authorization") && isReplayable(hop))) return answer
      // The token may have been replaced meanwhile. The API refused before it acted, so the request can be repeated.
      const current = await source.token({ signal }).catch(() => bearer)
      if (current === bearer) return answer
      bearer = current
      hop.headers.set("authorization", `Bearer ${bearer}`)
      await answer.body?.cancel()
      return fetch(url.href, { ...options, ...request })
    }

    for (let hop = first, redirects = 0; ; redirects++) {
      const answer = await send(hop)
      const next = follow ? nextHop(hop, answer, redirects, allowedOrigins) : undefined
      if (next === undefined) return answer
      await answer.body?.cancel()
      hop = next
    }
  }
}

/** Properties of a `Request` that are copied to each hop. */
const COPIED = ["cache", "credentials", "integrity", "keepalive", "mode", "referrer", "referrerPolicy"] as const

/** The request as `fetch` reads it, and the options of all hops. */
async function firstHop(
  input: string | URL | Request,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<{ first: Hop; follow: boolean; options: RequestInit }> {
  // The platform reads method, URL and headers. The body of `init` is left out, because it would be consumed here.
  const request = new Request(input, { ...init, body: null })
  if (request.headers.has("authorization"))
    throw new TypeError("a credential's fetch sets Authorization itself: remove it from the request")
  const own: Record<string, unknown> = {}
  if (input instanceof Request) for (const name of COPIED) if (request[name] !== undefined) own[name] = request[name]
  const body = init.body ?? (request.body == null ? null : await abortable(request.arrayBuffer(), signal))
  const { method, redirect } = request
  const first = { url: new URL(request.url), method, headers: new Headers(request.headers), body }
  const follow = redirect === "follow"
  return {
    first,
    follow,
    options: { ...own, ...init, ...(signal && { signal }), redirect: follow ? "manual" : redirect },
  }
}

/** Whether an API refused the token as invalid (RFC 6750 section 3.1). */
function isTokenRefusal({ status, headers }: Response): boolean {
  return status === 401 && /\berror="?invalid_token\b/i.test(headers.get("www-authenticate") ?? "")
}
