import { adminToken, trail } from "@agentwrit/testing/client"
import { rawHttp } from "@agentwrit/testing/raw-http"
import { expect, test } from "vitest"
import { startWireBroker } from "./wire-broker.ts"

// A request target must not have a fragment, but the parser accepts one, of up to 80 kB. It is not redacted.
test.each([
  ["a fragment", "/v1/revoke#0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"],
  ["a fragment behind a query", "/v1/revoke?a=b#0123456789abcdef"],
  ["a query behind a fragment", "/v1/revoke#a?0123456789abcdef"],
])("%s in the target does not reach the trail", async (_, target) => {
  await using broker = await startWireBroker()
  const answer = await rawHttp(
    broker.url,
    `POST ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`,
  )
  expect(answer).toMatch(/^HTTP\/1.1 401 /)
  expect(answer).not.toContain("0123456789abcdef")
  const events = await trail(broker.url, await adminToken(broker.url))
  expect(events.at(-2)).toMatchObject({ event_type: "token_auth_failed", resource: "/v1/revoke" })
})

// A proxy that admits "/v1/revoke" to operators only compares the text. What the broker resolves by itself would pass
// it.
test.each([
  ["an escape", "/v1/%72evoke"],
  ["an escaped slash", "/v1%2frevoke"],
  ["a dot segment", "/v1/x/../revoke"],
  ["a dot segment of no effect", "/v1/./revoke"],
  ["an escaped dot segment", "/v1/x/%2e%2e/revoke"],
  ["an escape in an absolute target", "http://x/v1/%72evoke"],
  ["a dot segment in an absolute target", "http://x/v1/x/../revoke"],
  ["a doubled slash", "/v1//revoke"],
  ["a doubled slash in front", "//v1/revoke"],
  ["a slash behind", "/v1/revoke/"],
  ["a dot segment for an id", "/v1/admin/apps/.."],
  ["an escape in an id", "/v1/admin/apps/app%2dx-0123456789ab"],
  ["a route in the query of an absolute target", "http://x?/v1/revoke"],
])("%s in the path makes it unknown", async (_, target) => {
  await using broker = await startWireBroker()
  const answer = await rawHttp(
    broker.url,
    `POST ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`,
  )
  expect(answer).toMatch(/^HTTP\/1.1 404 /)
  expect(answer).toContain(`"instance":"${target.replace("http://x", "").replace(/^\?.*/, "/")}"`)
})
