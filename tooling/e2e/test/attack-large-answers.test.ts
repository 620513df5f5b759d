import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { rawHttp } from "@agentwrit/testing/raw-http"
import { expect, test } from "vitest"

const REQUESTS = 50

const CLOSE = "connection: close\r\n"

async function cpuSecondsTold(url: string): Promise<number> {
  const { text } = await call(url, "GET /v1/metrics")
  return Number(/^process_cpu_user_seconds_total (\S+)$/m.exec(text)?.[1])
}

/** As it is now: the broker looks once a second, and then it is more than it was. */
async function cpuSeconds(url: string): Promise<number> {
  const told = await cpuSecondsTold(url)
  let now = told
  await expect.poll(async () => (now = await cpuSecondsTold(url)), { timeout: 5000 }).toBeGreaterThan(told)
  return now
}

// It is 1.5 MB: as a text it was encoded anew for everyone who asked, and a thousand of them held up the broker for 12 s.
test("the largest answer that anyone may ask for takes next to none of the thread's time", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder)
  await call(broker.url, "GET /v1/docs/swagger-ui-bundle.js")
  const before = await cpuSeconds(broker.url)
  for (let asked = 0; asked < REQUESTS; asked++) await call(broker.url, "GET /v1/docs/swagger-ui-bundle.js")
  // Measured: 1.2 ms, and 11 ms as a text.
  expect((1000 * ((await cpuSeconds(broker.url)) - before)) / REQUESTS).toBeLessThan(5)
})

// Over TLS each waited as a copy of its own: four hundred that were not read took 700 MB.
test("one source is sent the largest answer some ten times at once, and more once those are read", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder)
  const path = "/v1/docs/swagger-ui-bundle.js"
  await call(broker.url, `GET ${path}`)
  // In one write, so that all are asked for before any is read.
  const asked = Array.from({ length: 30 }, (_, at) => `GET ${path} HTTP/1.1\r\nhost: a\r\n${at < 29 ? "" : CLOSE}\r\n`)
  const answers = (await rawHttp(broker.url, asked.join(""))).match(/HTTP\/1\.1 \d{3}(?= [OS])/g)
  const taken = answers?.filter((answer) => answer.endsWith("200")).length ?? 0
  expect([answers?.length, taken >= 10, taken <= 20]).toEqual([30, true, true])
  expect(await rawHttp(broker.url, `GET ${path} HTTP/1.1\r\nhost: a\r\n${CLOSE}\r\n`)).toMatch(/^HTTP\/1\.1 200/)
})
