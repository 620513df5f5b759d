/** What to do about a rejected certificate, by Node's error code; `undefined` for other errors. */
export function certificateAdvice(reason: string): string | undefined {
  if (reason.includes("CERT_HAS_EXPIRED")) return "the broker's certificate has expired: renew it"
  if (reason.includes("CERT_NOT_YET_VALID"))
    return "the broker's certificate is not valid yet: check the clocks of both machines"
  if (reason.includes("ERR_TLS_CERT_ALTNAME_INVALID"))
    return "the broker's certificate is for another host: use a host name that the certificate contains"
  if (/CERT_(?!IFICATE)|SELF_SIGNED|UNABLE_TO/.test(reason))
    return "its certificate is not trusted: give the CA certificate with --ca FILE"
  return undefined
}
