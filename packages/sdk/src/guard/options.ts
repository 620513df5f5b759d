import type { VerifierError } from "../verify/errors.ts"

/**
 * The scopes that a request needs, all of them: fixed ones, or made from the request. What is made from a request is checked before it
 * is used, because parts of it come from the client: it must be of the form `action:resource:identifier`, and not with the identifier
 * `*`. Make it with `scopeFor`, which also keeps a part from reaching into the next. An empty list made from a request is refused: a
 * request that names nothing must not open everything.
 */
export type RequiredScope<Request> = string | readonly string[] | ((request: Request) => string | readonly string[])

/** How a guard protects a route. */
export interface GuardOptions<Request> {
  /** What the token must cover. Default: nothing, so that any good token of the broker's opens the route. */
  readonly scope?: RequiredScope<Request> | undefined
  /** The `realm` of `WWW-Authenticate` (RFC 9110, section 11.5). Default `agentwrit`. */
  readonly realm?: string | undefined
  /** Where the metadata of this resource stands (RFC 9728); told in `WWW-Authenticate`. Default: nowhere. */
  readonly resourceMetadata?: string | undefined
  /** Told of every refusal, with the reason that the client does not learn: for logs and metrics. Must not throw. */
  readonly onRefused?: ((error: VerifierError, request: Request) => void) | undefined
}
