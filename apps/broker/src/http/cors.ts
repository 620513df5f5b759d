import type { AnswerHeaders } from "./headers.ts"

/** The headers of an answer that let a page of that origin read it; absent: no page may. */
export type CorsHeaders = (origin: string | undefined) => AnswerHeaders | undefined

/** What pages may read besides the safelisted headers. */
const EXPOSED = "Retry-After, X-Request-ID, WWW-Authenticate"

/** What pages may send besides the safelisted headers. */
const ALLOWED = "Authorization, Content-Type, DPoP, Last-Event-ID, X-Request-ID"

/** Seconds for which a browser may keep the answer to a preflight. Chromium keeps none longer. */
const PREFLIGHT_MAX_AGE = "7200"

/**
 * CORS for the pages of some origins (WHATWG Fetch, "CORS protocol"), without cookies. The headers are made once.
 *
 * Hono's middleware would make every answer a promise, leave our headers out of preflights, and not reach the errors of
 * Node's parser.
 */
export function corsHeaders(origins: readonly string[]): CorsHeaders {
  if (origins.length === 0) return () => undefined
  const vary: AnswerHeaders = { vary: "Origin" }
  const ofOrigins = new Map<string | undefined, AnswerHeaders>(
    origins.map((origin) => [
      origin,
      { ...vary, "access-control-allow-origin": origin, "access-control-expose-headers": EXPOSED },
    ]),
  )
  return (origin) => ofOrigins.get(origin) ?? vary
}

/** The headers that answer a preflight of an allowed origin. */
export const preflightHeaders = (methods: readonly string[]): AnswerHeaders => ({
  "access-control-allow-methods": methods.join(", "),
  "access-control-allow-headers": ALLOWED,
  "access-control-max-age": PREFLIGHT_MAX_AGE,
})

/** Whether the text is one exact origin, as browsers send it. The URL standard allows `*` in a host. */
export function isWebOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text && !text.includes("*")
}
