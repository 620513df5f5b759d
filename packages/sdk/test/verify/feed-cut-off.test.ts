import { shareTestBroker, type TestBroker } from "@agentwrit/testing/broker"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { digestOf } from "@agentwrit/testing/feed"
import { tokenPart } from "@agentwrit/testing/forged-tokens"
import { type Intercept, startProxy } from "@agentwrit/testing/proxy"
import { revoke, testVerifier } from "@agentwrit/testing/verifying"
import { describe, expect, test } from "vitest"
import { VerifierUnavailableError } from "../../src/verify/index.ts"
import { behindProxy, cutFeed, FEED, feedMessage, NO_TIMEOUT } from "./feed-proxy.ts"

const time = fakeTimeOfFile()
let broker: TestBroker
let url: string
let admin: string
shareTestBroker(
  (shared) => {
    ;({ broker, url, admin } = shared)
  },
  { clock: time.clock, settings: { adminTokenTtl: 86_400 } },
)

describe("a feed that is cut off", () => {
  test("is followed again without a gap: revocations from the outage are known", async () => {
    await using proxy = await startProxy(url)
    const { judged, agent_id, feedCalls } = await behindProxy({ time, proxy, admin })
    const before = feedCalls()
    proxy.intercept = cutFeed
    proxy.cut()
    await time.passUntil(() => feedCalls() > before)
    await revoke(url, admin, "agent", agent_id)
    expect(await judged()).toBe(agent_id)
    proxy.intercept = () => "pass"
    await time.passUntil(async () => (await judged()) === "token_revoked")
  })

  test("is requested again from just before the newest entry that still matters", async () => {
    const now = Math.floor(Date.now() / 1000)
    const { kid } = tokenPart(admin, 0)
    /**
     * Sends entries with these expiries, numbered from 10, cuts the stream, and returns the position of the next
     * request.
     */
    const asked = async (expiries: (number | null)[]) => {
      await using proxy = await startProxy(url)
      const entries = expiries.map((exp, at) => ({
        seq: 10 + at,
        level: "task",
        digest: digestOf("task", `${at}`),
        exp,
      }))
      const urls: string[] = []
      proxy.intercept = (incoming, answer) => {
        if (incoming.url?.startsWith(FEED) !== true) return "pass"
        if (urls.push(incoming.url) > 1) return "taken"
        answer.writeHead(200, { "content-type": "text/event-stream" })
        answer.write(`data: ${feedMessage(broker, kid, { reset: true, to: 20, head: 20, entries })}\n\n`)
        return "taken"
      }
      await testVerifier({ brokerUrl: proxy.url, ...NO_TIMEOUT }).ready()
      proxy.cut()
      await time.passUntil(() => urls.length > 1)
      return urls[1]?.split("=")[1]
    }
    const rows: [expiries: (number | null)[], since: string][] = [
      [[null, now + 60], "10"],
      [[now + 60, null], "10"],
      [[null, null, now - 1], "10"],
      [[now + 600, now + 60, now - 1, now - 2], "10"],
      [[now - 1], "0"],
      [[], "0"],
    ]
    for (const [expiries, since] of rows) expect([expiries, await asked(expiries)]).toEqual([expiries, since])
  })

  test("makes the verifier unavailable once its knowledge is too old", async () => {
    await using proxy = await startProxy(url)
    let signedAt = 0
    proxy.edit = (chunk, path) => {
      if (path.startsWith(FEED)) signedAt = tokenPart(chunk, 1).iat
      return chunk
    }
    const { verifier, judged, access_token, agent_id } = await behindProxy(
      { time, proxy, admin },
      { maxStalenessMs: 3_000 },
    )
    proxy.intercept = () => "taken"
    proxy.cut()
    await time.pass(signedAt * 1_000 + 3_000 - Date.now() - 1)
    expect(await judged()).toBe(agent_id)
    await time.pass(1)
    expect(await judged()).toBe("feed_stale")
    const error = await verifier.verify(access_token).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(VerifierUnavailableError)
    expect(error).toMatchObject({ status: 503, clientDetail: "tokens cannot be verified at the moment" })
    proxy.intercept = () => "pass"
    proxy.cut()
    await time.passUntil(async () => (await judged()) === agent_id)
  })

  test("counts as cut off when it stays open but silent", async () => {
    await using proxy = await startProxy(url)
    const { judged, feedCalls, agent_id } = await behindProxy({ time, proxy, admin }, { maxStalenessMs: 12_000 })
    const before = feedCalls()
    proxy.edit = () => ""
    await revoke(url, admin, "agent", agent_id)
    await time.passUntil(() => feedCalls() > before)
    proxy.edit = (chunk) => chunk
    await time.passUntil(async () => (await judged()) === "token_revoked")
  })

  test("counts as cut off when it sends comments but no message, and is then polled", async () => {
    await using proxy = await startProxy(url)
    const { judged, agent_id } = await behindProxy({ time, proxy, admin }, { maxStalenessMs: 6_000 })
    let polls = 0
    proxy.intercept = (incoming, answer) => {
      if (incoming.headers.accept === "application/jwt") polls++
      if (incoming.headers.accept !== "text/event-stream") return "pass"
      answer.writeHead(200, { "content-type": "text/event-stream" })
      const dripping = setInterval(() => answer.write(": still here\n"), 100)
      answer.once("close", () => clearInterval(dripping))
      return "taken"
    }
    proxy.cut()
    await time.passUntil(() => polls > 0)
    await revoke(url, admin, "agent", agent_id)
    await time.passUntil(async () => (await judged()) === "token_revoked")
  })
})

describe("without a stream", () => {
  const noStream = (status: number, headers: Record<string, string>): Intercept => {
    return (incoming, answer) => {
      if (!incoming.headers.accept?.includes("text/event-stream")) return "pass"
      answer.writeHead(status, headers).end("{}")
      return "taken"
    }
  }

  test.each([
    ["there are too many streams", 503, { "content-type": "application/problem+json", "retry-after": "30" }],
    ["a proxy answers its own page", 200, { "content-type": "text/html" }],
    ["streams are not supported", 406, { "content-type": "text/plain" }],
  ])("the feed is polled every 5 s: %s", async (_, status, headers) => {
    await using proxy = await startProxy(url)
    proxy.intercept = noStream(status, headers)
    const { judged, agent_id, feedCalls } = await behindProxy({ time, proxy, admin })
    const before = feedCalls()
    const began = Date.now()
    await revoke(url, admin, "agent", agent_id)
    await time.passUntil(async () => (await judged()) === "token_revoked")
    expect(feedCalls() - before).toBeLessThanOrEqual(1 + (Date.now() - began) / 5_000)
  })

  test("the stream is requested again after the Retry-After of the broker", async () => {
    await using proxy = await startProxy(url)
    const streams: string[] = []
    proxy.intercept = (incoming, answer) => {
      if (incoming.headers.accept?.includes("text/event-stream")) streams.push(incoming.url ?? "")
      return streams.length === 1 ? noStream(503, { "retry-after": "1" })(incoming, answer) : "pass"
    }
    const { judged, agent_id } = await behindProxy({ time, proxy, admin })
    await time.passUntil(() => streams.length > 1)
    await revoke(url, admin, "agent", agent_id)
    await expect.poll(judged).toBe("token_revoked")
  })
})
