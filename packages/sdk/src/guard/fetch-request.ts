import type { GuardedRequest } from "./guard.ts"

/**
 * What the guard needs of a request of the Fetch standard.
 * @param request what the caller's functions get.
 */
export function guardedFetchRequest<T>(request: T, raw: Request): GuardedRequest<T> {
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
