/**
 * The broker's URL without a trailing slash; a path stays, for brokers behind a proxy.
 * @throws `TypeError` when it is no http or https URL, or carries a user, a password, a query or a fragment.
 */
export function parseBrokerUrl(text: string | URL): string {
  const url = URL.parse(String(text))
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new TypeError("brokerUrl must be an http or https URL such as https://broker.example")
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new TypeError("brokerUrl must be without user, password, query and fragment")
  return url.href.replace(/\/+$/, "")
}
