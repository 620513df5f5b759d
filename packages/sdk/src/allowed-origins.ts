import { requireKnownOptions } from "./known-options.ts"
import { isHttp, isPlainHttp, TargetError } from "./target-error.ts"

/** How a token goes to an origin: with a proof of its key (RFC 9449), or as a bearer token. */
export type TokenScheme = "dpop" | "bearer"

/** An origin, and how a token that is bound to a key goes there. */
export interface AllowedOrigin {
  /** Such as `https://api.example.com`. */
  readonly origin: string
  /**
   * Default `dpop`. `bearer` is for services that do not know DPoP. They see a token without a proof, and must not pass
   * it to a guard of this package or to the broker, which refuse it like that.
   */
  readonly scheme?: TokenScheme | undefined
}

/**
 * Where tokens may go: a list of origins, or `"any"`. **`"any"` is unsafe**: whoever chooses a URL, such as a model or
 * a redirect, gets the token. It stands for any `https` origin, and `http` on this machine.
 */
export type AllowedOrigins = readonly (string | AllowedOrigin)[] | "any"

/** The checked origins; `undefined` when none were named. */
export type OriginSchemes = ReadonlyMap<string, TokenScheme> | "any" | undefined

const NAMES = { origin: true, scheme: true } as const

/**
 * @throws `TypeError` for anything but an origin: paths, wildcards and user names are not compared, so they are
 * refused.
 */
export function parseAllowedOrigins(origins: AllowedOrigins | undefined): OriginSchemes {
  if (origins === undefined || origins === "any") return origins
  if (!Array.isArray(origins)) throw new TypeError('allowedOrigins must be a list of origins, or "any"')
  return new Map(
    origins.map((given: string | AllowedOrigin) => {
      if (typeof given === "string") return [parseOrigin(given), "dpop"]
      requireKnownOptions<AllowedOrigin>("an origin of allowedOrigins", given, NAMES)
      const { origin, scheme = "dpop" } = given
      if (scheme !== "dpop" && scheme !== "bearer")
        throw new TypeError('the scheme of an origin must be "dpop" or "bearer"')
      return [parseOrigin(origin), scheme]
    }),
  )
}

function parseOrigin(text: string): string {
  const url = URL.parse(text)
  if (url === null || !isHttp(url) || url.href !== `${url.origin}/` || text.includes("*"))
    throw new TypeError("allowedOrigins must hold origins such as https://api.example.com, without a path")
  return url.origin
}

/**
 * Refuses targets that are not allowed. With `"any"` it refuses `http` targets off this machine, to which the token
 * would go unencrypted (RFC 6750 section 5.3); an `http` origin on the list is the caller's decision.
 * @returns how a bound token goes there.
 * @throws {@link TargetError}
 */
export function checkTarget(url: URL, allowed: OriginSchemes): TokenScheme {
  const { origin } = url
  if (allowed === undefined)
    throw new TargetError(
      "origin_not_allowed",
      origin,
      "no origin is named to which the token may go",
      'name it where you make the app or the agent, or in this fetch: allowedOrigins: ["https://api.example.com"]',
    )
  // A blob: URL has the origin of the page that made it.
  const scheme = !isHttp(url) ? undefined : allowed === "any" ? "dpop" : allowed.get(origin)
  if (scheme === undefined)
    throw new TargetError("origin_not_allowed", origin, "is not in allowedOrigins", "add it there if it is intended")
  if (allowed === "any" && isPlainHttp(url))
    throw new TargetError(
      "insecure_target",
      origin,
      "a token is not sent without TLS",
      "use https, or name the origin in allowedOrigins",
    )
  return scheme
}
