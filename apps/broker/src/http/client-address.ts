import { isIP } from "node:net"

/** Whether that peer is a proxy whose `X-Forwarded-For` counts. */
export type IsTrustedProxy = (address: string) => boolean

/**
 * The address that a request came from: the peer, or behind trusted proxies the right-most address of `X-Forwarded-For` that
 * is none of them. What stands left of it, or of anything that is no address, anyone could have written.
 */
export function clientAddress(peer: string, forwarded: string | undefined, isTrustedProxy: IsTrustedProxy): string {
  if (forwarded === undefined || !isTrustedProxy(peer)) return peer
  let client = peer
  for (const hop of forwarded.split(",").reverse()) {
    const address = hop.trim()
    if (isIP(address) === 0) break
    client = address
    if (!isTrustedProxy(address)) break
  }
  return client
}
