import { AgentWritError } from "./errors.ts"

/** Why a request with a token was not sent. */
export type TargetErrorCode = "origin_not_allowed" | "insecure_target" | "redirect_refused"

/** A place that a token, or what follows a redirect, must not go to; nothing was sent there. */
export class TargetError extends AgentWritError<TargetErrorCode> {
  override readonly name = "TargetError"
  /** The origin that was refused. The rest of the URL, which may hold secrets, is not told. */
  readonly origin: string

  constructor(code: TargetErrorCode, origin: string, detail: string, hint: string) {
    super(code, `${origin}: ${detail}`, { detail, hint })
    this.origin = origin
  }
}

/** @throws `TypeError` for what is no origin: a path, a wildcard or a user name would promise what is not checked. */
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
 * Refuses targets that are not on the list. Without one, those that the token would travel to in the clear (RFC 6750 section 5.3);
 * an `http` origin on the list is a decision of its own.
 * @throws {@link TargetError}
 */
export function checkTarget(url: URL, allowed: ReadonlySet<string> | undefined): void {
  // A blob: URL has the origin of the page that made it.
  if (allowed === undefined ? !isHttp(url) : !(isHttp(url) && allowed.has(url.origin)))
    throw new TargetError(
      "origin_not_allowed",
      url.origin,
      "is not among allowedOrigins",
      "add it there if it is meant",
    )
  if (allowed === undefined && url.protocol === "http:" && !isLoopback(url.hostname))
    throw new TargetError(
      "insecure_target",
      url.origin,
      "a token does not travel without TLS",
      "use https, or name the origin in allowedOrigins",
    )
}

export function isHttp({ protocol }: URL): boolean {
  return protocol === "https:" || protocol === "http:"
}

function isLoopback(hostname: string): boolean {
  // Names below localhost are left out: not every resolver keeps them to this machine (RFC 6761 section 6.3).
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
}
