import { brokerFolder } from "@agentwrit/testing/broker-process"
import { expect, test } from "vitest"
import { trustedProxyCheck } from "../src/config/trusted-proxies.ts"
import { clientAddress } from "../src/http/client-address.ts"
import { startBroker } from "./start-in-process.ts"

const isTrusted = trustedProxyCheck(["10.0.0.0/8", "fd00::/8"])

test.each([
  ["203.0.113.9:51234", "203.0.113.9"],
  ["[2001:db8::1]:443", "2001:db8::1"],
  ["[2001:db8::1]", "2001:db8::1"],
  ["203.0.113.9:51234, 10.0.0.7:8080", "203.0.113.9"],
  ["198.51.100.1, 203.0.113.9, [fd00::2]:80", "203.0.113.9"],
  // Not an address: the client could have written it and everything left of it.
  ["203.0.113.9, unknown", "10.0.0.1"],
  ["203.0.113.9:port", "10.0.0.1"],
  ["[203.0.113.9", "10.0.0.1"],
])("behind a trusted proxy, %s is the client %s", (forwarded, client) => {
  expect(clientAddress("10.0.0.1", forwarded, isTrusted)).toBe(client)
})

test("an entry that is not an address is reported as the proxy wrote it", () => {
  const reported: string[] = []
  clientAddress("10.0.0.1", "203.0.113.9, _hidden", isTrusted, (entry) => reported.push(entry.trim()))
  expect(reported).toEqual(["_hidden"])
})

test("of a peer that is not trusted, X-Forwarded-For says nothing", () => {
  expect(clientAddress("192.0.2.1", "203.0.113.9", isTrusted)).toBe("192.0.2.1")
})

test("the log warns of it once", async () => {
  await using folder = await brokerFolder()
  const broker = await startBroker(folder, { AA_TRUSTED_PROXIES: "127.0.0.1" })
  for (const forwarded of ["_one", "_two"])
    await fetch(`${broker.url}/v1/admin/auth`, {
      method: "POST",
      headers: { "x-forwarded-for": forwarded },
      body: "{}",
    })
  await broker.stop()
  const warned = broker.output().stdout.match(/X-Forwarded-For of a trusted proxy holds no address.*/g)
  expect(warned).toEqual([expect.stringContaining("entry=_one")])
})
