import type { TokenKind } from "@agentwrit/core"
import { requireKnownOptions } from "../known-options.ts"
import type { VerifierError } from "../verify/errors.ts"

/**
 * The scopes that a request needs, all of them. They are fixed, or made from the request. Those made from the request
 * are checked, because parts come from the client: the form must be `action:resource:identifier`, and the identifier
 * must not be `*`. Use `scopeFor`, which also checks each part. A request for which the function returns an empty list
 * is refused.
 */
export type RequiredScope<Request> = string | readonly string[] | ((request: Request) => string | readonly string[])

/** How a guard protects a route. */
export interface GuardOptions<Request> {
  /** The scopes that the token must cover. Default: none, so that every valid token of an agent is enough. */
  readonly scope?: RequiredScope<Request>
  /** The kinds of tokens that are accepted. Default `["agent"]`: tokens of apps and operators are refused. */
  readonly kinds?: readonly TokenKind[]
  /**
   * The URL under which clients know this service, such as `https://api.example.com`; the path of the request is added
   * to it. DPoP proofs are checked against it. Default: scheme and host as the framework knows them, on this machine only:
   * elsewhere the `Host` header is the client's choice, and bound tokens are refused.
   */
  readonly publicUrl?: string | URL | undefined
  /** The `realm` of `WWW-Authenticate` (RFC 9110, section 11.5). Default `agentwrit` for bearer tokens. */
  readonly realm?: string | undefined
  /** URL of this resource's metadata (RFC 9728), sent in `WWW-Authenticate`. Default: none. */
  readonly resourceMetadata?: string | undefined
  /** Called on every refusal, with the reason that the client does not learn: for logs and metrics. Must not throw. */
  readonly onRefused?: ((error: VerifierError, request: Request) => void) | undefined
}

const NAMES = {
  scope: true,
  kinds: true,
  publicUrl: true,
  realm: true,
  resourceMetadata: true,
  onRefused: true,
} as const

const KINDS: ReadonlySet<unknown> = new Set<TokenKind>(["agent", "app", "admin"])

/** Characters that a quoted string of a header may contain without escapes. */
const QUOTABLE = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** @throws `TypeError` for options that do not exist, or that would leave the route open or closed by mistake. */
export function checkGuardOptions<Request>(options: GuardOptions<Request>): void {
  requireKnownOptions<GuardOptions<Request>>("guard", options, NAMES)
  const { scope, kinds, realm = "", resourceMetadata = "" } = options
  if (!QUOTABLE.test(realm) || !QUOTABLE.test(resourceMetadata))
    throw new TypeError("realm and resourceMetadata must be printable ASCII without quotes and backslashes")
  // A program without types may pass a Set, which has no length.
  if ("scope" in options && typeof scope !== "function" && [...(scope ?? [])].length === 0)
    throw new TypeError("scope is empty: name a scope, or leave the option out to accept every valid token of an agent")
  if ("kinds" in options) requireKinds(kinds)
}

/** @throws `TypeError` unless it is a list of kinds of tokens, at least one. */
export function requireKinds(kinds: readonly TokenKind[] | undefined): void {
  if (!(Array.isArray(kinds) && kinds.length > 0 && kinds.every((kind) => KINDS.has(kind))))
    throw new TypeError('kinds must be a list of "agent", "app" and "admin", with at least one')
}

/**
 * The base of the URLs that clients call, without a trailing slash.
 * @throws `TypeError` when it is not an http or https URL, or has a user, a password, a query or a fragment.
 */
export function parsePublicUrl(text: string | URL): string {
  const url = URL.parse(String(text))
  const isBase = url !== null && /^https?:$/.test(url.protocol) && `${url.username}${url.password}` === ""
  if (!isBase || url.search !== "" || url.hash !== "")
    throw new TypeError("publicUrl must be an http or https URL such as https://api.example.com")
  return url.href.replace(/\/+$/, "")
}
