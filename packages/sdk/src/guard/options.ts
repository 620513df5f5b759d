import type { VerifierError } from "../verify/errors.ts"

/**
 * The scopes that a request needs, all of them. They are fixed, or made from the request. Those made from the request are checked,
 * because parts come from the client: the form must be `action:resource:identifier`, and the identifier must not be `*`. Use
 * `scopeFor`, which also checks each part. A request for which the function returns an empty list is refused.
 */
export type RequiredScope<Request> = string | readonly string[] | ((request: Request) => string | readonly string[])

/** How a guard protects a route. */
export interface GuardOptions<Request> {
  /** The scopes that the token must cover. Default: none, so that every valid token of the broker is enough. */
  readonly scope?: RequiredScope<Request> | undefined
  /** The `realm` of `WWW-Authenticate` (RFC 9110, section 11.5). Default `agentwrit`. */
  readonly realm?: string | undefined
  /** URL of this resource's metadata (RFC 9728), sent in `WWW-Authenticate`. Default: none. */
  readonly resourceMetadata?: string | undefined
  /** Called on every refusal, with the reason that the client does not learn: for logs and metrics. Must not throw. */
  readonly onRefused?: ((error: VerifierError, request: Request) => void) | undefined
}
