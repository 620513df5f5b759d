import { request } from "node:http"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { openFeed } from "@agentwrit/testing/feed"
import { fillFeed } from "@agentwrit/testing/filled-feed"
import { expect, test } from "vitest"

const ENTRIES = 7000
const ATTACKER = { "x-forwarded-for": "203.0.113.1" }

/** Requests a different old page each time, and reads none to its end. */
function hoard(url: string, lanes: number): Disposable {
  const stopped = new AbortController()
  let since = 0
  const ask = (accept: string): void => {
    if (stopped.signal.aborted) return
    const path = `${url}/v1/revocations?since=${1 + (since++ % 1900)}`
    const options = { agent: false, headers: { ...ATTACKER, accept }, signal: stopped.signal }
    const asked = request(path, options, (answer) => {
      answer.once("data", () => asked.destroy())
      answer.once("error", () => undefined)
    })
    asked.once("error", () => undefined).once("close", () => setTimeout(ask, 10, accept))
    asked.end()
  }
  // Every second one requests a stream, which must wait for its page instead of failing.
  for (let lane = 0; lane < lanes; lane++) ask(lane % 2 === 0 ? "text/event-stream" : "application/jwt")
  return { [Symbol.dispose]: () => stopped.abort() }
}

// Without limits per source, its pages filled the queue, and all other verifiers were refused.
test("a source that requests different pages all the time does not keep verifiers from the feed, and does not fill the log", async () => {
  await using folder = await brokerFolder()
  await fillFeed(folder, ENTRIES)
  await using broker = await startBroker(folder)
  const { url } = broker
  {
    using _attack = hoard(url, 120)
    const refused = async () => (await call(url, "GET /v1/revocations?since=1950", { headers: ATTACKER })).status
    await expect.poll(refused, { interval: 20 }).toBe(503)
    for (let at = 0; at < 20; at++) expect((await call(url, `GET /v1/revocations?since=${ENTRIES}`)).status).toBe(200)
    for (let at = 0; at < 3; at++) expect((await call(url, `GET /v1/revocations?since=${1960 + at}`)).status).toBe(200)
    using behind = await openFeed(url, 0)
    using joined = await openFeed(url, ENTRIES)
    await expect.poll(() => joined.events.at(-1)?.id).toBe(String(ENTRIES))
    await expect.poll(() => behind.events.at(-1)?.id).toBe(String(ENTRIES))
  }
  const { stderr } = broker.output()
  for (const line of stderr.trimEnd().split("\n")) expect(line).toMatch(/^(\[|$)/)
})
