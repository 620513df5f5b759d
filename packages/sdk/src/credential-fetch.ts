import { abortable } from "./abortable.ts"
import { type AllowedOrigins, checkTarget, parseAllowedOrigins } from "./allowed-origins.ts"
import type { CredentialTerms, ManagedToken } from "./managed-token.ts"
import { type Hop, isReplayable, nextHop } from "./redirect.ts"

/** Options of a credential's `fetch`. */
export interface CredentialRequestInit extends RequestInit {
  /** Where the token may go by this request, in place of what the agent or the app names. */
  readonly allowedOrigins?: AllowedOrigins | undefined
}

/** The standard `fetch`, with the credential's token. */
export type CredentialFetch = (input: string | URL | Request, init?: CredentialRequestInit) => Promise<Response>

/**
 * Makes a `fetch` that adds the token, and for a bound one a proof for each request. It follows redirects itself, so
 * that on every platform the token stays within the origin of the request.
 */
export function createCredentialFetch(source: ManagedToken, terms: CredentialTerms): CredentialFetch {
  const { fetch } = terms.client
  return async (input, { allowedOrigins, ...init } = {}) => {
    const allowed = parseAllowedOrigins(allowedOrigins) ?? terms.allowedOrigins
    const signal = init.signal ?? (input instanceof Request ? input.signal : undefined)
    const { first, follow, options } = await firstHop(input, init, signal)
    const scheme = checkTarget(first.url, allowed)

    /** @returns whether the token is another one than before. */
    const authorize = async ({ url, method, headers }: Hop): Promise<boolean> => {
      const before = headers.get("authorization")
      const { authorization, dpop } = await source.headers({ method, url: url.href, signal }, scheme)
      headers.set("authorization", authorization)
      if (dpop !== undefined) headers.set("dpop", dpop)
      return authorization !== before
    }
    const send = async (hop: Hop): Promise<Response> => {
      const { url, authorized, ...request } = hop
      if (authorized) await authorize(hop)
      const answer = await fetch(url.href, { ...options, ...request })
      if (!(authorized && isTokenRefusal(answer) && isReplayable(hop))) return answer
      // The token may have been replaced meanwhile. The API refused before it acted, so the request can be repeated.
      if (!(await authorize(hop).catch(() => false))) return answer
      await answer.body?.cancel()
      return fetch(url.href, { ...options, ...request })
    }

    for (let hop = first, redirects = 0; ; redirects++) {
      const answer = await send(hop)
      const next = follow ? nextHop(hop, answer, redirects, allowed) : undefined
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
  if (request.headers.has("authorization") || request.headers.has("dpop"))
    throw new TypeError("a credential's fetch sets Authorization and DPoP itself: remove them from the request")
  const own: Record<string, unknown> = {}
  if (input instanceof Request) for (const name of COPIED) if (request[name] !== undefined) own[name] = request[name]
  const body = init.body ?? (request.body == null ? null : await abortable(request.arrayBuffer(), signal))
  const { method, redirect } = request
  const first = { url: new URL(request.url), method, headers: new Headers(request.headers), authorized: true, body }
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
