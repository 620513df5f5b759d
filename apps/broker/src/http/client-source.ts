import { isIP } from "node:net"

/** 16-bit groups of an IPv6 network (/64), which one subscriber gets. It can choose the rest of the address freely. */
const NETWORK_GROUPS = 4

/**
 * The key by which limits and the trail's flood protection count: an IPv4 address (also in its IPv6 spelling), or the
 * network (/64) of an IPv6 address.
 */
export function sourceOf(address: string): string {
  if (isIP(address) === 4) return address
  const [plain = ""] = address.split("%")
  if (isIP(plain) !== 6) return plain
  const text = plainAddress(plain)
  return isIP(text) === 4 ? text : `${groupsOf(text).slice(0, NETWORK_GROUPS).join(":")}::/64`
}

/** How much of a client's address the trail keeps (CONTRACT 4, `AA_AUDIT_SOURCE`). */
export type RecordedSource = "full" | "prefix" | "none"

/** 16-bit groups of an IPv6 address that `prefix` keeps (/48). */
const PREFIX_GROUPS = 3

/** The client's address as the trail keeps it: whole, its network (/24, /48), or not at all. */
export function recordedSourceOf(address: string, recorded: RecordedSource): string | undefined {
  if (recorded === "full" && isIP(address) === 4) return address
  const [plain = ""] = address.split("%")
  if (recorded === "none" || isIP(plain) === 0) return undefined
  const text = plainAddress(plain)
  if (recorded === "full") return text
  if (isIP(text) === 4) return `${text.slice(0, text.lastIndexOf("."))}.0/24`
  return `${groupsOf(text).slice(0, PREFIX_GROUPS).join(":")}::/48`
}

/** An IPv4 address that is spelled as an IPv6 one, in its own spelling. */
const plainAddress = (address: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  // The URL parser gives every spelling of an address one form.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [before = "", after] = canonical.split("::")
  const head = before.split(":").filter(Boolean)
  const tail = (after ?? "").split(":").filter(Boolean)
  return [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail]
}
