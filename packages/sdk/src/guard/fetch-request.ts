import type { VerifiedClaims } from "../verify/verified-tokens.ts"
import type { Verifier } from "../verify/verifier.ts"
import { createAuthorizer, type GuardedRequest } from "./guard.ts"
import type { GuardOptions } from "./options.ts"

/** The decision on a request of the Fetch standard, with the whole answer to one that is refused. */
export type FetchDecision =
  | { readonly ok: true; readonly token: string; readonly claims: VerifiedClaims }
  | { readonly ok: false; readonly response: Response }

/**
 * Decides on requests of the Fetch standard. `request` is what the caller's functions get.
 * @throws `TypeError` for invalid options.
 */
export function createFetchAuthorizer<T>(
  verifier: Verifier,
  options?: GuardOptions<T>,
): (request: T, raw: Request) => Promise<FetchDecision> {
  const authorize = createAuthorizer(verifier, options)
  return async (request, raw) => {
    const decision = await authorize(guardedRequest(request, raw))
    return decision.ok ? decision : { ok: false, response: new Response(decision.refusal.body, decision.refusal) }
  }
}

function guardedRequest<T>(request: T, raw: Request): GuardedRequest<T> {
  const { origin, pathname } = new URL(raw.url)
  return {
    request,
    identity: raw,
    authorization: valuesOf("authorization", raw),
    proofs: valuesOf("dpop", raw),
    method: raw.method,
    origin,
    path: pathname,
    requestId: raw.headers.get("x-request-id") ?? undefined,
  }
}

/** The Fetch standard joins several headers by a comma, which no token and no proof contains. */
function valuesOf(name: string, { headers }: Request): readonly string[] {
  const value = headers.get(name)
  return value === null ? [] : [value]
}
