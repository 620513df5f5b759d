import { BlockList, isIP } from "node:net"
import type { IsTrustedProxy } from "../http/client-address.ts"

/**
 * Reads a comma-separated list of addresses and CIDRs (CONTRACT 6, `AA_TRUSTED_PROXIES`).
 * @returns the members without the blanks around them, or `undefined` when one of them is neither.
 */
export function parseTrustedProxies(text: string): readonly string[] | undefined {
  const members = text.split(",").map((member) => member.trim())
  return members.every((member) => rangeOf(member) !== undefined) ? members : undefined
}

/** Whether that range holds every address, so that any client could name itself whatever it likes. */
export const trustsEveryone = (member: string): boolean => rangeOf(member)?.prefix === 0

/** Tells trusted proxies by their address; an IPv4 address is known in its IPv6 spelling (`::ffff:10.0.0.1`) too. */
export function trustedProxyCheck(members: readonly string[]): IsTrustedProxy {
  const trusted = new BlockList()
  for (const member of members) {
    const range = rangeOf(member)
    if (range === undefined) throw new TypeError(`${JSON.stringify(member)} is neither an address nor a CIDR`)
    trusted.addSubnet(range.address, range.prefix, range.family)
  }
  return (address) => {
    const version = isIP(address)
    return version !== 0 && trusted.check(address, version === 4 ? "ipv4" : "ipv6")
  }
}

interface Range {
  readonly address: string
  readonly prefix: number
  readonly family: "ipv4" | "ipv6"
}

function rangeOf(member: string): Range | undefined {
  const [address = "", length, ...more] = member.split("/")
  const version = address.includes("%") ? 0 : isIP(address)
  if (version === 0 || more.length > 0) return undefined
  const bits = version === 4 ? 32 : 128
  if (length !== undefined && (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits)) return undefined
  return { address, prefix: length === undefined ? bits : Number(length), family: version === 4 ? "ipv4" : "ipv6" }
}
