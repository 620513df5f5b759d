import { AgentWritError } from "./errors.ts"

/** Why a request with a token was not sent. */
export type TargetErrorCode = "origin_not_allowed" | "insecure_target" | "redirect_refused"

/** The target of a request or redirect is not allowed. Nothing was sent there. */
export class TargetError extends AgentWritError<TargetErrorCode> {
  override readonly name = "TargetError"
  /** The refused origin. The rest of the URL may contain secrets and is left out. */
  readonly origin: string

  constructor(code: TargetErrorCode, origin: string, detail: string, hint: string) {
    super(code, `${origin}: ${detail}`, { detail, hint })
    this.origin = origin
  }
}

/** @throws `TypeError` for anything but an origin: paths, wildcards and user names are not compared, so they are refused. */
export function parseAllowedOrigins(origins: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (origins !== undefined && !Array.isArray(origins)) throw new TypeError("allowedOrigins must be a list")
  return origins && new Set(origins.map(parseOrigin))
}

function parseOrigin(text: string): string {
  const url = URL.parse(text)
  if (url === null || !isHttp(url) || url.href !== `${url.origin}/` || text.includes("*"))
    throw new TypeError("allowedOrigins must hold origins such as https://api.example.com, without a path")
  return url.origin
}

/**
 * Refuses targets that are not on the list. Without a list it refuses `http` targets off this machine, to which the token would go
 * unencrypted (RFC 6750 section 5.3); an `http` origin on the list is the caller's decision.
 * @throws {@link TargetError}
 */
export function checkTarget(url: URL, allowed: ReadonlySet<string> | undefined): void {
  // A blob: URL has the origin of the page that made it.
  if (allowed === undefined ? !isHttp(url) : !(isHttp(url) && allowed.has(url.origin)))
    throw new TargetError(
      "origin_not_allowed",
      url.origin,
      "is not in allowedOrigins",
      "add it there if it is intended",
    )
  if (allowed === undefined && url.protocol === "http:" && !isLoopback(url.hostname))
    throw new TargetError(
      "insecure_target",
      url.origin,
      "a token is not sent without TLS",
      "use https, or add the origin to allowedOrigins",
    )
}

export function isHttp({ protocol }: URL): boolean {
  return protocol === "https:" || protocol === "http:"
}

function isLoopback(hostname: string): boolean {
  // Not names under localhost: some resolvers send them to other machines (RFC 6761 section 6.3).
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
}
