import { isIP } from "node:net"

/** Whether that peer is a proxy whose `X-Forwarded-For` is believed. */
export type IsTrustedProxy = (address: string) => boolean

/**
 * The address of the client: the peer or, behind trusted proxies, the right-most address of `X-Forwarded-For` that is
 * not a trusted proxy. The client itself could have written everything left of that, and left of anything that is not
 * an address.
 * @param onNoAddress called with what a trusted proxy wrote and is not an address.
 */
export function clientAddress(
  peer: string,
  forwarded: string | undefined,
  isTrustedProxy: IsTrustedProxy,
  onNoAddress: (entry: string) => void = () => undefined,
): string {
  if (forwarded === undefined || !isTrustedProxy(peer)) return peer
  let client = peer
  for (const hop of forwarded.split(",").reverse()) {
    const address = withoutPort(hop.trim())
    if (isIP(address) === 0) {
      onNoAddress(hop)
      break
    }
    client = address
    if (!isTrustedProxy(address)) break
  }
  return client
}

/** Some proxies add the client's port: `203.0.113.9:51234`, `[2001:db8::1]:443`. */
function withoutPort(hop: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(hop) ?? []
  return bracketed ?? plain ?? hop
}
