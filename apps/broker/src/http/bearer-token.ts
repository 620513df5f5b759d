const BEARER = /^bearer +(\S+) *$/i

/** The token of an `Authorization: Bearer` header (RFC 6750, section 2.1). */
export function bearerToken(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1]
}
