import { isIP } from "node:net"

/** 16-bit groups of an IPv6 network (/64), which one subscriber gets. It can choose the rest of the address freely. */
const NETWORK_GROUPS = 4

/**
 * What limits and the trail's flood protection count by: an IPv4 address (also in its IPv6 spelling), or the network (/64) of
 * an IPv6 address.
 */
export function sourceOf(address: string): string {
  if (isIP(address) === 4) return address
  const [plain = ""] = address.split("%")
  if (isIP(plain) !== 6) return plain
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1]
  return mapped ?? `${groupsOf(plain).slice(0, NETWORK_GROUPS).join(":")}::/64`
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  // The URL parser gives every spelling of an address one form.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [before = "", after] = canonical.split("::")
  const head = before.split(":").filter(Boolean)
  const tail = (after ?? "").split(":").filter(Boolean)
  return [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail]
}
