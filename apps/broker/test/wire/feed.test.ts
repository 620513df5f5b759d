import { setTimeout as pause } from "node:timers/promises"
import { agent, call } from "@agentwrit/testing/client"
import { digestOf, type FeedStream, feedVerifier, type Message, openFeed } from "@agentwrit/testing/feed"
import { rawHttp } from "@agentwrit/testing/raw-http"
import { describe, expect, test, vi } from "vitest"
import { shareWireBroker, startWireBroker } from "./wire-broker.ts"

let url: string
let admin: string
let verified: (jws: string) => Message

shareWireBroker(async (shared) => {
  ;({ url, admin } = shared)
  verified = await feedVerifier(url)
})

const POLL = { interval: 1 }

async function page(since?: number): Promise<Message> {
  const { status, headers, text } = await call(
    url,
    `GET /v1/revocations${since === undefined ? "" : `?since=${since}`}`,
  )
  expect([status, headers.get("content-type")]).toEqual([200, "application/jwt"])
  return verified(text)
}

async function revoke(level: string, target: string): Promise<void> {
  const { status } = await call(url, "POST /v1/revoke", { bearer: admin, json: { level, target } })
  expect(status).toBe(200)
}

const now = () => Math.floor(Date.now() / 1000)

/** The entries that a follower has received. Throws for a gap. */
function joined(messages: readonly Message[], since = 0) {
  let position = since
  const entries: Message["entries"] = []
  for (const { from, to, reset, entries: more } of messages) {
    if (from !== position && !reset) throw new Error(`a hole between ${position} and ${from}`)
    position = to
    entries.push(...more)
  }
  return { position, entries }
}

describe("pages of the feed", () => {
  test("contain revocations as digests, which only those who know the targets can match", async () => {
    const before = await page()
    const held = await agent(url, admin)
    const task = `t-secret-${Date.now()}`
    const { claims } = (await call(url, "POST /v1/token/validate", { json: { token: held.access_token } })).body
    await revoke("task", task)
    await revoke("token", claims.jti)
    await revoke("token", "ab".repeat(16))
    await revoke("chain", held.agent_id)
    await revoke("task", task)
    const message = await page(before.head)
    const longestLife = expect.toSatisfy((exp: number) => Math.abs(exp - now() - 86_400) < 10)
    expect(message).toEqual({
      from: before.head,
      to: before.head + 4,
      head: before.head + 4,
      reset: false,
      entries: [
        { seq: before.head + 1, level: "task", digest: digestOf("task", task), exp: null },
        { seq: before.head + 2, level: "token", digest: digestOf("token", claims.jti), exp: longestLife },
        {
          seq: before.head + 3,
          level: "token",
          digest: digestOf("token", "ab".repeat(16)),
          exp: longestLife,
        },
        { seq: before.head + 4, level: "chain", digest: digestOf("chain", held.agent_id), exp: null },
      ],
      iat: expect.toSatisfy((iat: number) => Math.abs(iat - now()) <= 2),
      fresh_until: message.iat + 30,
    })
    expect(JSON.stringify(message)).not.toContain(task)
  })

  test("contain released tokens and the old tokens of renewals", async () => {
    const { head } = await page()
    const one = await agent(url, admin)
    const jti = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).jti
    const renewed = (await call(url, "POST /v1/token/renew", { bearer: one.access_token })).body.access_token
    await call(url, "POST /v1/token/release", { bearer: renewed })
    const { entries } = await page(head)
    expect(entries.map(({ digest }) => digest)).toEqual([
      digestOf("token", jti(one.access_token)),
      digestOf("token", jti(renewed)),
    ])
  })

  test("begin a snapshot for a future position, and refuse invalid positions with a reason", async () => {
    const { head } = await page()
    for (const since of [head + 1, 9_007_199_254_740_991])
      expect(await page(since)).toMatchObject({ from: 0, to: head, head, reset: true })
    expect(await page(head)).toMatchObject({ from: head, to: head, head, reset: false, entries: [] })
    for (const since of ["-1", "x", "1.5", "", "9007199254740993", "1&since=2"])
      expect((await call(url, `GET /v1/revocations?since=${since}`)).status).toBe(400)
  })

  test("answer HEAD and every Accept except that of a stream", async () => {
    for (const accept of ["*/*", "application/jwt", "text/*", "text/event-streams"])
      expect((await call(url, "GET /v1/revocations", { headers: { accept } })).headers.get("content-type")).toBe(
        "application/jwt",
      )
    for (const accept of ["*/*", "text/event-stream"]) {
      const { status, text } = await call(url, "HEAD /v1/revocations", { headers: { accept } })
      expect([status, text]).toEqual([200, ""])
    }
  })
})

describe("the stream", () => {
  test("pushes each revocation without a gap, with the headers of every answer", async () => {
    const { head } = await page()
    using stream = await openFeed(url, 0)
    expect(stream.status).toBe(200)
    expect(stream.headers).toMatchObject({
      "content-type": "text/event-stream",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "x-frame-options": "DENY",
      "x-request-id": expect.any(String),
    })
    await expect.poll(() => stream.events.length, POLL).toBe(1)
    for (let at = 0; at < 20; at++) {
      await revoke("task", `live-${head}-${at}`)
      await expect.poll(() => stream.events.length, POLL).toBe(at + 2)
    }
    const messages = stream.events.map(({ data }) => verified(data))
    expect(stream.events.map(({ id }) => Number(id))).toEqual(messages.map(({ to }) => to))
    expect(joined(messages)).toMatchObject({ position: head + 20 })
    for (const { fresh_until, iat } of messages) expect(fresh_until).toBe(iat + 30)
  })

  test("resumes by Last-Event-ID, which overrides `since`, without a gap, and refuses an invalid one", async () => {
    const { head } = await page()
    await revoke("task", `missed-${head}`)
    using stream = await openFeed(url, 0, { "last-event-id": String(head) })
    await expect.poll(() => stream.events.length, POLL).toBe(1)
    expect(verified(stream.events[0]?.data ?? "")).toMatchObject({ from: head, to: head + 1 })
    for (const id of ["x", "-1", "1e3", "99999999999999999"]) {
      const headers = { accept: "text/event-stream", "last-event-id": id }
      const { status, body } = await call(url, "GET /v1/revocations", { headers })
      expect([status, body.error_code]).toEqual([400, "invalid_request"])
    }
  })

  test("has no gap and no repetition for followers that join during commits", async () => {
    let done = false
    let revoked = 0
    const work = Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (let at = 0; !done; at++) {
          await revoke("task", `busy-${lane}-${at}`)
          revoked++
        }
      }),
    )
    const streams: FeedStream[] = []
    for (let at = 0; at < 20; at++) streams.push(await openFeed(url, at % 2 === 0 ? 0 : (await page()).head))
    await expect.poll(() => revoked, POLL).toBeGreaterThan(200)
    done = true
    await work
    const { head } = await page()
    for (const stream of streams) {
      using open = stream
      const last = () => Number(open.events.at(-1)?.id)
      await expect.poll(last, POLL).toBe(head)
      const messages = open.events.map(({ data }) => verified(data))
      const { entries } = joined(messages, messages[0]?.from)
      const numbers = entries.map(({ seq }) => seq)
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
      expect(numbers.at(-1)).toBe(head)
    }
  })

  test("stays fresh through an empty message every 5 s", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })
    try {
      await using own = await startWireBroker()
      const verify = await feedVerifier(own.url)
      using stream = await openFeed(own.url, 0)
      for (const count of [1, 2, 3]) {
        // Not by `expect.poll`, which lets faked time pass.
        while (stream.events.length < count) await pause(1)
        vi.advanceTimersByTime(4_999)
        // Answered only once the broker has sent what came due before.
        await call(own.url, "GET /v1/revocations")
        expect(stream.events).toHaveLength(count)
        vi.advanceTimersByTime(1)
      }
      for (const { data } of stream.events)
        expect(verify(data)).toMatchObject({ from: 0, to: 0, head: 0, entries: [], reset: false })
    } finally {
      vi.useRealTimers()
    }
  })

  test("can be opened 256 times from one source, and a client that leaves makes room", async () => {
    const streams = await Promise.all(Array.from({ length: 256 }, () => openFeed(url, 0)))
    expect(streams.every(({ status }) => status === 200)).toBe(true)
    const refused = await call(url, "GET /v1/revocations", {
      headers: { accept: "text/event-stream", "x-forwarded-for": "127.0.0.1" },
    })
    expect([refused.status, refused.body.error_code, refused.headers.get("retry-after")]).toEqual([
      503,
      "unavailable",
      "5",
    ])
    expect((await call(url, "GET /v1/revocations")).status).toBe(200)
    streams[0]?.[Symbol.dispose]()
    const reopened = async () => {
      const again = await openFeed(url, 0)
      streams.push(again)
      return again.status
    }
    await expect.poll(reopened, POLL).toBe(200)
    await revoke("task", `for-all-${Date.now()}`)
    const { head } = await page()
    for (const stream of streams.slice(1, 256))
      await expect.poll(() => stream.events.at(-1)?.id, POLL).toBe(String(head))
    for (const stream of streams) stream[Symbol.dispose]()
  })

  test("stays open for a client that sends no further request", async () => {
    const text = await rawHttp(url, "HEAD /v1/revocations HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })
})
