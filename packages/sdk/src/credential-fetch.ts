import { checkTarget } from "./allowed-origins.ts"
import type { CallOptions, Fetch } from "./broker-client.ts"
import { raced } from "./raced.ts"
import { type Hop, isReplayable, redirected } from "./redirect.ts"

/** The standard `fetch`, with a token. */
export type CredentialFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** Where the token comes from. */
export interface TokenSource {
  token(options: CallOptions): Promise<string>
}

/** How requests are sent, and where to. */
export interface CredentialFetchTerms {
  readonly client: { readonly fetch: Fetch }
  readonly allowedOrigins: ReadonlySet<string> | undefined
}

/**
 * A `fetch` that adds the token. It follows redirects itself, so that the token stays with the origin that it was meant for on every
 * platform.
 */
export function createCredentialFetch(held: TokenSource, terms: CredentialFetchTerms): CredentialFetch {
  const { allowedOrigins } = terms
  const { fetch } = terms.client
  return async (input, init = {}) => {
    const signal = init.signal ?? (input instanceof Request ? input.signal : undefined)
    const { first, follow, options } = await firstHop(input, init, signal)
    checkTarget(first.url, allowedOrigins)
    let bearer = await held.token({ signal })
    first.headers.set("authorization", `Bearer ${bearer}`)

    const send = async (hop: Hop): Promise<Response> => {
      const { url, ...request } = hop
      const answer = await fetch(url.href, { ...options, ...request })
      if (!(isTokenRefusal(answer) && hop.headers.has("authorization") && isReplayable(hop))) return answer
      // Refused before it acted, so whatever it was may be sent again; of use when the token was replaced under way.
      const present = await held.token({ signal }).catch(() => bearer)
      if (present === bearer) return answer
      bearer = present
      hop.headers.set("authorization", `Bearer ${bearer}`)
      await answer.body?.cancel()
      return fetch(url.href, { ...options, ...request })
    }

    for (let hop = first, redirects = 0; ; redirects++) {
      const answer = await send(hop)
      const next = follow ? redirected(hop, answer, redirects, allowedOrigins) : undefined
      if (next === undefined) return answer
      await answer.body?.cancel()
      hop = next
    }
  }
}

/** Parts of a `Request` that a second one takes over. */
const TAKEN_OVER = ["cache", "credentials", "integrity", "keepalive", "mode", "referrer", "referrerPolicy"] as const

/** The request as `fetch` reads it, and what stays the same on all its hops. */
async function firstHop(
  input: string | URL | Request,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<{ first: Hop; follow: boolean; options: RequestInit }> {
  // The platform's own reading of method, URL and headers. A body that is given beside is left out: it would be read too soon.
  const request = new Request(input, { ...init, body: null })
  if (request.headers.has("authorization"))
    throw new TypeError("a credential's fetch sets Authorization itself: leave it out of the request")
  const own: Record<string, unknown> = {}
  if (input instanceof Request)
    for (const name of TAKEN_OVER) if (request[name] !== undefined) own[name] = request[name]
  const body = init.body ?? (request.body == null ? null : await raced(request.arrayBuffer(), signal))
  const { method, redirect } = request
  const first = { url: new URL(request.url), method, headers: new Headers(request.headers), body }
  const follow = redirect === "follow"
  return {
    first,
    follow,
    options: { ...own, ...init, ...(signal && { signal }), redirect: follow ? "manual" : redirect },
  }
}

/** Whether an API says that the token is not, or no longer, good (RFC 6750 section 3.1). */
function isTokenRefusal({ status, headers }: Response): boolean {
  return status === 401 && /\berror="?invalid_token\b/i.test(headers.get("www-authenticate") ?? "")
}
