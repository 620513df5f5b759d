/** What to do about a certificate that was not accepted, by what Node says of it; `undefined` when it was something else. */
export function certificateAdvice(reason: string): string | undefined {
  if (reason.includes("CERT_HAS_EXPIRED")) return "the broker's certificate has expired: renew it"
  if (reason.includes("CERT_NOT_YET_VALID"))
    return "the broker's certificate is not valid yet: set the clocks here and there"
  if (reason.includes("ERR_TLS_CERT_ALTNAME_INVALID"))
    return "the broker's certificate is for another host: use the name in it, or one with the name that is called"
  if (/CERT_(?!IFICATE)|SELF_SIGNED|UNABLE_TO/.test(reason))
    return "its certificate is not trusted: give the CA's certificates with --ca FILE"
  return undefined
}
