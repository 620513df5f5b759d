import { rawHttp } from "@agentwrit/testing/raw-http"
import { expect, test } from "vitest"
import { shareWireBroker } from "../wire/wire-broker.ts"

// Before: a request with two Host headers was served. A proxy may decide by one of them, and the broker by the other.

let url: string
shareWireBroker((shared) => {
  ;({ url } = shared)
})

test.each([
  ["two Hosts", "HTTP/1.1\r\nhost: a\r\nHost: b"],
  ["twice the same Host", "HTTP/1.1\r\nhost: a\r\nhost: a"],
  ["two Hosts in HTTP/1.0", "HTTP/1.0\r\nhost: a\r\nhost: a"],
])("%s are a 400", async (_, head) => {
  const answer = await rawHttp(url, `GET /v1/health ${head}\r\nconnection: close\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1.1 400 /)
  expect(answer.toLowerCase()).toMatch(/\r\nx-request-id: [0-9a-f]{16}/)
  expect(answer).toContain('"error_code":"invalid_request"')
})
