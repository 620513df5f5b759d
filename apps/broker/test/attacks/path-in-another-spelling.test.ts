import { rawHttp } from "@agentwrit/testing/raw-http"
import { expect, test } from "vitest"
import { shareWireBroker } from "../wire/wire-broker.ts"

// Before: `%` escapes and dot segments of a path were resolved. A proxy that admits "/v1/revoke" to operators only
// compares the text, and let them pass.

let url: string
shareWireBroker((shared) => {
  ;({ url } = shared)
})

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
  const answer = await rawHttp(
    url,
    `POST ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`,
  )
  expect(answer).toMatch(/^HTTP\/1.1 404 /)
  expect(answer).toContain(`"instance":"${target.replace("http://x", "").replace(/^\?.*/, "/")}"`)
})
