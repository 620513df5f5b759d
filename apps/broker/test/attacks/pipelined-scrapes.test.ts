import { call } from "@agentwrit/testing/client"
import { rawHttp } from "@agentwrit/testing/raw-http"
import { expect, test } from "vitest"
import { startWireBroker } from "../wire/wire-broker.ts"

const SCRAPES = 2000

/** How often the broker renders its metrics, per second. */
const RENDERED_PER_SECOND = 10

// Without the cache, 64 KiB of pipelined requests blocked the thread for 3 s.
test("two thousand scrapes on one connection share cached metrics", async () => {
  await using broker = await startWireBroker()
  await call(broker.url, "GET /v1/metrics")
  const request = "GET /v1/metrics HTTP/1.1\r\nhost: a\r\n"
  const began = performance.now()
  const text = await rawHttp(broker.url, `${`${request}\r\n`.repeat(SCRAPES - 1)}${request}connection: close\r\n\r\n`)
  const seconds = (performance.now() - began) / 1000
  const answers = text.split(/^HTTP\/1\.1 200 .*$/m).slice(1)
  expect(answers).toHaveLength(SCRAPES)
  // Each rendering counts the scrapes before it, so all renderings differ.
  const renderings = new Set(answers.map((answer) => answer.slice(answer.indexOf("\r\n\r\n"))))
  expect(renderings.size).toBeLessThanOrEqual(1 + Math.ceil(RENDERED_PER_SECOND * seconds))
})
