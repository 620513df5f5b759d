import { call } from "@agentwrit/testing/client"
import { rawHttp } from "@agentwrit/testing/raw-http"
import { expect, test } from "vitest"
import { startWireBroker } from "./wire-broker.ts"

const SCRAPES = 2000

/** Times a second that the broker renders its metrics. */
const RENDERED_PER_SECOND = 10

// When each scrape was rendered, 64 KiB of requests on one connection took 3 s of the thread.
test("two thousand scrapes on one connection share the metrics that were rendered a moment ago", async () => {
  await using broker = await startWireBroker()
  await call(broker.url, "GET /v1/metrics")
  const request = "GET /v1/metrics HTTP/1.1\r\nhost: a\r\n"
  const began = performance.now()
  const text = await rawHttp(broker.url, `${`${request}\r\n`.repeat(SCRAPES - 1)}${request}connection: close\r\n\r\n`)
  const seconds = (performance.now() - began) / 1000
  const answers = text.split(/^HTTP\/1\.1 200 .*$/m).slice(1)
  expect(answers).toHaveLength(SCRAPES)
  // Each rendering counts the scrapes before it, so that no two are alike.
  const renderings = new Set(answers.map((answer) => answer.slice(answer.indexOf("\r\n\r\n"))))
  expect(renderings.size).toBeLessThanOrEqual(1 + Math.ceil(RENDERED_PER_SECOND * seconds))
})
