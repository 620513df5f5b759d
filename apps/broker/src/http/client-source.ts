import { isIP } from "node:net"

/** 16-bit groups of an IPv6 address that one subscriber is given, and can change the rest of at will. */
const NETWORK_GROUPS = 4

/**
 * What limits and the trail's flood protection count by: an IPv4 address as it is, also in its IPv6 spelling, and of an IPv6
 * address the network (/64).
 */
export function sourceOf(address: string): string {
  const [plain = ""] = address.split("%")
  if (isIP(plain) !== 6) return plain
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1]
  return mapped ?? `${groupsOf(plain).slice(0, NETWORK_GROUPS).join(":")}::/64`
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  // Written out by the URL parser, so that every spelling of an address is one.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [before = "", after] = canonical.split("::")
  const head = before.split(":").filter(Boolean)
  const tail = (after ?? "").split(":").filter(Boolean)
  return [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail]
}
