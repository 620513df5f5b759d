import { isHttp, isPlainHttp, TargetError } from "./target-error.ts"

/**
 * The broker's URL without a trailing slash. Its path is kept, for brokers behind a proxy.
 * @param allowHttp whether it may be `http` to another machine.
 * @throws `TypeError` when it is not an http or https URL, or has a user, a password, a query or a fragment; {@link
 * TargetError}
 * `insecure_target`.
 */
export function parseBrokerUrl(text: string | URL, allowHttp: boolean): string {
  const url = URL.parse(String(text))
  if (url === null || !isHttp(url))
    throw new TypeError("brokerUrl must be an http or https URL such as https://broker.example")
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new TypeError("brokerUrl must not have a user, password, query or fragment")
  if (isPlainHttp(url) && !allowHttp)
    throw new TargetError(
      "insecure_target",
      url.origin,
      "secrets are not sent to a broker without TLS, nor keys fetched from it",
      "use https, or set dangerouslyAllowHttp if the network between is yours alone",
    )
  return url.href.replace(/\/+$/, "")
}
