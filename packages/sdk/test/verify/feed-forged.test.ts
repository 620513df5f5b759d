import { shareTestBroker, type TestBroker } from "@agentwrit/testing/broker"
import { agent } from "@agentwrit/testing/client"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { digestOf } from "@agentwrit/testing/feed"
import { tokenPart } from "@agentwrit/testing/forged-tokens"
import { startProxy } from "@agentwrit/testing/proxy"
import { revoke, testVerifier, verdict } from "@agentwrit/testing/verifying"
import { describe, expect, test } from "vitest"
import { behindProxy, FEED, feedMessage, NO_TIMEOUT, streaming } from "./feed-proxy.ts"

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

const message = (changes: Record<string, unknown>) => feedMessage(broker, tokenPart(admin, 0).kid, changes)
const otherTask = () => `t-${crypto.randomUUID()}`

describe("a feed that was changed on the way makes the verifier unavailable:", () => {
  /**
   * Edits every message from now on: the verifier must become unavailable with that fault, and available again without
   * it.
   */
  async function expectShut(edit: (chunk: string) => string, fault: RegExp): Promise<void> {
    await using proxy = await startProxy(url)
    const { verifier, judged, access_token, agent_id, feedCalls } = await behindProxy({ time, proxy, admin })
    const before = feedCalls()
    proxy.edit = (chunk, path) => (path.startsWith(FEED) ? edit(chunk) : chunk)
    await revoke(url, admin, "task", otherTask())
    await expect.poll(judged).toBe("feed_not_joined")
    const error = await verifier.verify(access_token).catch((error: unknown) => error)
    expect((error as Error).message).toMatch(fault)
    await time.passUntil(() => feedCalls() > before)
    expect(await judged()).toBe("feed_not_joined")
    proxy.edit = (chunk) => chunk
    await time.passUntil(async () => (await judged()) === agent_id)
  }
  const replacedBy = (jws: string) => () => `data: ${jws}\n\n`
  const entry = (seq: number) => ({ seq, level: "task", digest: digestOf("task", `${seq}`), exp: null })

  test("a byte of a signature", async () => {
    await expectShut((chunk) => chunk.replace(/.{8}\n\n$/, "AAAAAAAA\n\n"), /does not verify/)
  })

  test("a removed entry", async () => {
    const withoutEntries = (chunk: string) =>
      chunk.replace(/^data: (\S+)$/m, (_, jws: string) => {
        const [header, payload = "", signature] = jws.split(".")
        const body = JSON.parse(Buffer.from(payload, "base64url").toString())
        const edited = Buffer.from(JSON.stringify({ ...body, entries: [] })).toString("base64url")
        return `data: ${header}.${edited}.${signature}`
      })
    await expectShut(withoutEntries, /does not verify/)
  })

  test("a token in place of a message", async () => {
    await expectShut(replacedBy(admin), /header/)
  })

  test("something that is not a message", async () => {
    await expectShut(replacedBy("<html>"), /does not verify/)
  })

  test.each<[name: string, changes: () => Record<string, unknown>, fault: RegExp]>([
    ["a gap", () => ({ from: 1_000_000, to: 1_000_000, head: 1_000_000 }), /begins at/],
    ["an end before its beginning", () => ({ from: 5, to: 4, head: 9, reset: true }), /from 5 to 4/],
    ["an end beyond the head", () => ({ from: 0, to: 10, head: 9, reset: true }), /to 10 of 9/],
    ["a snapshot that begins late", () => ({ from: 3, to: 9, head: 9, reset: true }), /does not begin at 0/],
    [
      "too long a life",
      () => ({ reset: true, fresh_until: Math.floor(Date.now() / 1000) + 3_600 }),
      /claims to be fresh for/,
    ],
    ["entries of a wrong type", () => ({ reset: true, entries: "none" }), /form/],
    ["a position of a wrong type", () => ({ reset: true, to: "0" }), /form/],
    ["no progress", () => ({ reset: true, to: 0, head: 9 }), /makes no progress/],
    ["entries out of order", () => ({ reset: true, to: 9, head: 9, entries: [entry(3), entry(2)] }), /out of order/],
    [
      "an entry of an unknown level",
      () => ({ reset: true, to: 1, head: 1, entries: [{ ...entry(1), level: "galaxy" }] }),
      /a level that this verifier does not know: update @agentwrit\/sdk/,
    ],
    [
      "an entry of level app without before",
      () => ({ reset: true, to: 1, head: 1, entries: [{ ...entry(1), level: "app" }] }),
      /of level app has no "before"/,
    ],
    [
      "an entry of level all without before",
      () => ({ reset: true, to: 1, head: 1, entries: [{ ...entry(1), level: "all" }] }),
      /of level all has no "before"/,
    ],
    [
      "an entry of level task with before",
      () => ({ reset: true, to: 1, head: 1, entries: [{ ...entry(1), before: 1 }] }),
      /of level task has a "before"/,
    ],
    ["an entry beyond its end", () => ({ reset: true, to: 9, head: 9, entries: [entry(10)] }), /out of order/],
  ])("a message with %s", async (_, changes, fault) => {
    await expectShut(() => `data: ${message(changes())}\n\n`, fault)
  })
})

describe("a feed that is replayed", () => {
  test("makes the verifier unavailable, and it keeps the revocations that it knew", async () => {
    await using proxy = await startProxy(url)
    const kept: string[] = []
    proxy.edit = (chunk, path) => {
      if (path.startsWith(FEED)) kept.push(chunk)
      return chunk
    }
    const { judged, agent_id } = await behindProxy({ time, proxy, admin })
    await revoke(url, admin, "task", otherTask())
    await expect.poll(() => kept.length).toBe(2)
    await revoke(url, admin, "agent", agent_id)
    await expect.poll(judged).toBe("token_revoked")
    const [, replayed = ""] = kept
    const other = await agent(url, admin)
    const verifier = testVerifier({ brokerUrl: proxy.url, ...NO_TIMEOUT })
    await verifier.ready()
    const otherJudged = () => verdict(verifier, other.access_token)
    expect(await otherJudged()).toBe(other.agent_id)
    proxy.edit = (chunk, path) => (path.startsWith(FEED) ? replayed : chunk)
    await revoke(url, admin, "agent", other.agent_id)
    await expect.poll(otherJudged).toBe("feed_not_joined")
    await expect.poll(judged).toBe("feed_not_joined")
    proxy.edit = (chunk) => chunk
    await time.passUntil(async () => (await otherJudged()) === "token_revoked")
    await time.passUntil(async () => (await judged()) === "token_revoked")
  })

  test("as an old snapshot is refused: it was signed before the known messages", async () => {
    await using proxy = await startProxy(url)
    const { verifier, judged, access_token, agent_id } = await behindProxy({ time, proxy, admin })
    const old = Math.floor(Date.now() / 1000) - 20
    proxy.intercept = streaming(message({ reset: true, iat: old, fresh_until: old + 30 }))
    proxy.cut()
    await time.passUntil(async () => (await judged()) === "feed_not_joined")
    const error = await verifier.verify(access_token).catch((error: unknown) => error)
    expect((error as Error).message).toMatch(/older than the one before/)
    proxy.intercept = () => "pass"
    proxy.cut()
    await time.passUntil(async () => (await judged()) === agent_id)
  })
})

test("a reset only adds entries: known revocations stay", async () => {
  await using proxy = await startProxy(url)
  const { judged, agent_id, feedCalls } = await behindProxy({ time, proxy, admin })
  await revoke(url, admin, "agent", agent_id)
  await expect.poll(judged).toBe("token_revoked")
  const before = feedCalls()
  proxy.intercept = streaming(message({ reset: true }))
  proxy.cut()
  await time.passUntil(() => feedCalls() > before)
  await expect.poll(judged).toBe("token_revoked")
  proxy.intercept = () => "pass"
  proxy.cut()
  await time.passUntil(() => feedCalls() > before + 1)
  await expect.poll(judged).toBe("token_revoked")
})
