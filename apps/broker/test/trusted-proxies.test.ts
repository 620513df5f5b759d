import { describe, expect, it } from "vitest"
import { isProxyRange, trustedProxyCheck, trustsEveryone } from "../src/config/trusted-proxies.ts"

describe("AA_TRUSTED_PROXIES", () => {
  it.each(["10.0.0.1", "10.0.0.0/8", "::1", "fd00::/8", "0.0.0.0/0"])("takes %s", (member) => {
    expect(isProxyRange(member)).toBe(true)
  })

  it.each([
    "",
    "proxy.example",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0.0/08",
    "10.0.0.0/8/8",
    "10.0.0.0/255.0.0.0",
    "010.0.0.1",
    "10.0.0",
    "10.0.0.1:80",
    "[::1]",
    "fe80::1%eth0",
    "10.0.0.1 10.0.0.2",
  ])("refuses %j", (member) => {
    expect(isProxyRange(member)).toBe(false)
  })
})

describe("trustedProxyCheck", () => {
  const isTrusted = trustedProxyCheck(["10.0.0.0/8", "192.168.1.5", "fd00::/8"])

  it.each(["10.0.0.0", "10.255.255.255", "192.168.1.5", "::ffff:10.1.2.3", "fd12::1", "fd12::1%eth0"])(
    "trusts %s",
    (address) => {
      expect(isTrusted(address)).toBe(true)
    },
  )

  it.each([
    "11.0.0.0",
    "192.168.1.6",
    "::ffff:11.0.0.1",
    "fc00::1",
    "",
    "unknown",
    "10.0.0.1:80",
    "10.0.0.1, 10.0.0.2",
  ])("does not trust %j", (address) => {
    expect(isTrusted(address)).toBe(false)
  })

  it("trusts nobody by default", () => {
    expect(trustedProxyCheck([])("127.0.0.1")).toBe(false)
  })

  it("throws a TypeError for a range that was not parsed", () => {
    expect(() => trustedProxyCheck(["proxy.example"])).toThrow(TypeError)
  })
})

it.each([
  ["0.0.0.0/0", true],
  ["::/0", true],
  ["10.0.0.0/8", false],
  ["0.0.0.0", false],
])("trustsEveryone(%s) is %s", (member, expected) => {
  expect(trustsEveryone(member)).toBe(expected)
})
