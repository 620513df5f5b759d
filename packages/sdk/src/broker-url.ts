/**
 * The broker's URL without a trailing slash. Its path is kept, for brokers behind a proxy.
 * @throws `TypeError` when it is not an http or https URL, or has a user, a password, a query or a fragment.
 */
export function parseBrokerUrl(text: string | URL): string {
  const url = URL.parse(String(text))
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new TypeError("brokerUrl must be an http or https URL such as https://broker.example")
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new TypeError("brokerUrl must not have a user, password, query or fragment")
  return url.href.replace(/\/+$/, "")
}
