import { adminToken, trail } from "@agentwrit/testing/client"
import { rawHttp } from "@agentwrit/testing/raw-http"
import { expect, test } from "vitest"
import { startWireBroker } from "../wire/wire-broker.ts"

// A request target must not have a fragment, but the parser accepts one, of up to 80 kB. It is not redacted. Before: it
// was cut off, and a proxy that denies exactly "/v1/revoke" let "/v1/revoke#" pass.
test.each([
  ["a fragment", "/v1/revoke#0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"],
  ["a fragment behind a query", "/v1/revoke?a=b#0123456789abcdef"],
  ["a query behind a fragment", "/v1/revoke#a?0123456789abcdef"],
])("%s makes the target unknown, and reaches neither the answer nor the trail", async (_, target) => {
  await using broker = await startWireBroker()
  const answer = await rawHttp(
    broker.url,
    `POST ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`,
  )
  expect(answer).toMatch(/^HTTP\/1.1 404 /)
  expect(answer).not.toContain("0123456789abcdef")
  const events = await trail(broker.url, await adminToken(broker.url))
  expect(JSON.stringify(events)).not.toContain("0123456789abcdef")
})
