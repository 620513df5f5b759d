import { BlockList, isIP } from "node:net"
import type { IsTrustedProxy } from "../http/client-address.ts"

/** Whether the text is an address or a CIDR (CONTRACT 6, `AA_TRUSTED_PROXIES`). */
export const isProxyRange = (member: string): boolean => rangeOf(member) !== undefined

/** Whether that range holds every address. Then any client could claim any address. */
export const trustsEveryone = (member: string): boolean => rangeOf(member)?.prefix === 0

/** Recognizes trusted proxies by address, an IPv4 address also in its IPv6 spelling (`::ffff:10.0.0.1`). */
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
