import { cp, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { createVerifier, VerifierUnavailableError } from "@agentwrit/sdk/verify"
import { type BrokerFolder, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent } from "@agentwrit/testing/client"
import { digestOf } from "@agentwrit/testing/feed"
import { signedByBroker, tokenPart } from "@agentwrit/testing/forged-tokens"
import { type Proxy as BrokerProxy, startProxy } from "@agentwrit/testing/proxy"
import { shareBroker } from "@agentwrit/testing/shared-broker"
import { revoke, testVerifier, verdict } from "@agentwrit/testing/verifying"
import { describe, expect, onTestFinished, test, vi } from "vitest"

let folder: BrokerFolder
let url: string
let admin: string
shareBroker((shared) => {
  ;({ folder, url, admin } = shared)
})

const FEED = "/v1/revocations"

/** A verifier behind a proxy, and an agent whose token it accepts. */
async function behindProxy(proxy: BrokerProxy, options: { maxStalenessMs?: number } = {}) {
  const verifier = testVerifier({ brokerUrl: proxy.url, ...options })
  await verifier.ready()
  const { access_token, agent_id } = await agent(url, admin)
  expect(await verdict(verifier, access_token)).toBe(agent_id)
  const judged = () => verdict(verifier, access_token)
  const feedCalls = () => proxy.seen.filter((line) => line.includes(FEED)).length
  return { verifier, judged, access_token, agent_id, feedCalls }
}

/** A message of the feed as the broker would sign it. */
function message(changes: Record<string, unknown>): string {
  const { kid } = tokenPart(admin, 0)
  const iat = Math.floor(Date.now() / 1000)
  const header = { alg: "EdDSA", typ: "agentwrit-revocations+jwt", kid }
  const payload = { from: 0, to: 0, head: 0, reset: false, entries: [], iat, fresh_until: iat + 30, ...changes }
  return signedByBroker(folder, header, payload)
}

describe("a feed that is cut off", () => {
  test("is followed again without a hole, and what was revoked meanwhile is known", async () => {
    await using proxy = await startProxy(url)
    const { judged, agent_id, feedCalls } = await behindProxy(proxy)
    const before = feedCalls()
    proxy.intercept = (incoming, answer) => {
      if (incoming.url?.startsWith(FEED) !== true) return "pass"
      answer.destroy()
      return "taken"
    }
    proxy.cut()
    await expect.poll(feedCalls).toBeGreaterThan(before)
    await revoke(url, admin, "agent", agent_id)
    expect(await judged()).toBe(agent_id)
    proxy.intercept = () => "pass"
    await expect.poll(judged, { timeout: 8_000 }).toBe("token_revoked")
    const position = proxy.seen.at(-1)?.split("since=")[1]
    expect(Number(position)).toBeGreaterThanOrEqual(0)
  })

  test("is asked for from just before the newest entry that still matters", async () => {
    const now = Math.floor(Date.now() / 1000)
    /** Tells entries that expire then, from number 10 on, cuts the stream, and waits for what is asked for next. */
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
        answer.write(`data: ${message({ reset: true, to: 20, head: 20, entries })}\n\n`)
        return "taken"
      }
      await testVerifier({ brokerUrl: proxy.url }).ready()
      proxy.cut()
      await expect.poll(() => urls.length, { timeout: 8_000 }).toBeGreaterThan(1)
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

  test("shuts the verifier as soon as what it knows is too old, and not before", async () => {
    await using proxy = await startProxy(url)
    const { verifier, judged, access_token, agent_id } = await behindProxy(proxy, { maxStalenessMs: 3_000 })
    proxy.intercept = () => "taken"
    proxy.cut()
    await expect.poll(judged, { timeout: 8_000 }).toBe("feed_stale")
    const error = await verifier.verify(access_token).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(VerifierUnavailableError)
    expect(error).toMatchObject({ status: 503, clientDetail: "tokens cannot be verified at the moment" })
    proxy.intercept = () => "pass"
    proxy.cut()
    await expect.poll(judged, { timeout: 8_000 }).toBe(agent_id)
  })

  test("and silent while it stays open counts as cut off", { timeout: 40_000 }, async () => {
    await using proxy = await startProxy(url)
    const { judged, feedCalls, agent_id } = await behindProxy(proxy, { maxStalenessMs: 12_000 })
    const before = feedCalls()
    proxy.edit = () => ""
    await revoke(url, admin, "agent", agent_id)
    await expect.poll(feedCalls, { timeout: 25_000, interval: 200 }).toBeGreaterThan(before)
    proxy.edit = (chunk) => chunk
    await expect.poll(judged, { timeout: 8_000 }).toBe("token_revoked")
  })
})

describe("a stream that never brings a message", () => {
  test("but goes on and on counts as cut off too", { timeout: 30_000 }, async () => {
    await using proxy = await startProxy(url)
    const { judged, feedCalls, agent_id } = await behindProxy(proxy, { maxStalenessMs: 6_000 })
    proxy.intercept = (incoming, answer) => {
      if (incoming.headers.accept !== "text/event-stream") return "pass"
      answer.writeHead(200, { "content-type": "text/event-stream" })
      const dripping = setInterval(() => answer.write(": still here\n"), 100)
      answer.once("close", () => clearInterval(dripping))
      return "taken"
    }
    proxy.cut()
    await expect.poll(judged, { timeout: 10_000 }).toBe("feed_stale")
    const before = feedCalls()
    await expect.poll(feedCalls, { timeout: 10_000, interval: 200 }).toBeGreaterThan(before)
    await expect.poll(judged, { timeout: 10_000 }).toBe(agent_id)
  })
})

describe("a feed that something between has changed", () => {
  /** Puts another text in the place of every message that arrives from now on, and expects the verifier to shut. */
  async function expectShut(edit: (chunk: string) => string, fault: RegExp): Promise<void> {
    await using proxy = await startProxy(url)
    const { verifier, judged, access_token, agent_id, feedCalls } = await behindProxy(proxy)
    const before = feedCalls()
    proxy.edit = (chunk, path) => (path.startsWith(FEED) ? edit(chunk) : chunk)
    await revoke(url, admin, "task", `t-${crypto.randomUUID()}`)
    await expect.poll(judged).toBe("feed_not_joined")
    const error = await verifier.verify(access_token).catch((error: unknown) => error)
    expect((error as Error).message).toMatch(fault)
    await expect.poll(feedCalls, { timeout: 3_000 }).toBeGreaterThan(before)
    expect(await judged()).toBe("feed_not_joined")
    proxy.edit = (chunk) => chunk
    await expect.poll(judged, { timeout: 12_000 }).toBe(agent_id)
  }
  const put = (jws: string) => `data: ${jws}\n\n`

  test("shuts the verifier: a byte of a signature", async () => {
    await expectShut((chunk) => chunk.replace(/.{8}\n\n$/, "AAAAAAAA\n\n"), /does not verify/)
  })

  test("an entry that was taken out", async () => {
    await expectShut(
      (chunk) =>
        chunk.replace(/^data: (\S+)$/m, (_, jws: string) => {
          const [header, payload = "", signature] = jws.split(".")
          const body = JSON.parse(Buffer.from(payload, "base64url").toString())
          const edited = Buffer.from(JSON.stringify({ ...body, entries: [] })).toString("base64url")
          return `data: ${header}.${edited}.${signature}`
        }),
      /does not verify/,
    )
  })

  test("a token in the place of a message", async () => {
    await expectShut(() => put(admin), /header/)
  })

  test("something that is no message", async () => {
    await expectShut(() => put("<html>"), /does not verify/)
  })

  test("messages that were held back, so that a later one leaves a hole", async () => {
    await expectShut(() => put(message({ from: 1_000_000, to: 1_000_000, head: 1_000_000 })), /begins at/)
  })

  test("members that do not agree", async () => {
    const entry = (seq: number) => ({ seq, level: "task", digest: digestOf("task", `${seq}`), exp: null })
    const rows: [changes: Record<string, unknown>, fault: RegExp][] = [
      [{ from: 5, to: 4, head: 9, reset: true }, /from 5 to 4/],
      [{ from: 0, to: 10, head: 9, reset: true }, /to 10 of 9/],
      [{ from: 3, to: 9, head: 9, reset: true }, /does not begin at 0/],
      [{ reset: true, fresh_until: Math.floor(Date.now() / 1000) + 3_600 }, /to be trusted for/],
      [{ reset: true, entries: "none" }, /form/],
      [{ reset: true, to: "0" }, /form/],
      [{ reset: true, to: 0, head: 9 }, /leads no further/],
      [{ reset: true, to: 9, head: 9, entries: [entry(3), entry(2)] }, /out of order/],
      [{ reset: true, to: 9, head: 9, entries: [entry(10)] }, /out of order/],
    ]
    await Promise.all(rows.map(([changes, fault]) => expectShut(() => put(message(changes)), fault)))
  }, 60_000)
})

describe("a feed that is replayed or reordered", () => {
  test("shuts the verifier, and what it knew before stays known", async () => {
    await using proxy = await startProxy(url)
    const kept: string[] = []
    proxy.edit = (chunk, path) => {
      if (path.startsWith(FEED)) kept.push(chunk)
      return chunk
    }
    const { judged, agent_id } = await behindProxy(proxy)
    await revoke(url, admin, "task", `t-${crypto.randomUUID()}`)
    await revoke(url, admin, "agent", agent_id)
    await expect.poll(judged).toBe("token_revoked")
    const other = await agent(url, admin)
    const verifier = testVerifier({ brokerUrl: proxy.url })
    await verifier.ready()
    expect(await verdict(verifier, other.access_token)).toBe(other.agent_id)
    const [replayed = ""] = kept.slice(1)
    proxy.edit = (chunk, path) => (path.startsWith(FEED) ? replayed : chunk)
    await revoke(url, admin, "agent", other.agent_id)
    await expect.poll(() => verdict(verifier, other.access_token)).toBe("feed_not_joined")
    expect(await judged()).toBe("feed_not_joined")
    proxy.edit = (chunk) => chunk
    await expect.poll(() => verdict(verifier, other.access_token), { timeout: 12_000 }).toBe("token_revoked")
    await expect.poll(judged, { timeout: 12_000 }).toBe("token_revoked")
  })

  test("as a whole snapshot of old: it was signed before what is known", async () => {
    await using proxy = await startProxy(url)
    const { verifier, judged, access_token, agent_id } = await behindProxy(proxy)
    const old = Math.floor(Date.now() / 1000) - 20
    proxy.intercept = (incoming, answer) => {
      if (incoming.url?.startsWith(FEED) !== true) return "pass"
      answer.writeHead(200, { "content-type": "text/event-stream" })
      answer.write(`data: ${message({ reset: true, iat: old, fresh_until: old + 30 })}\n\n`)
      return "taken"
    }
    proxy.cut()
    await expect.poll(judged, { timeout: 4_000 }).toBe("feed_not_joined")
    const error = await verifier.verify(access_token).catch((error: unknown) => error)
    expect((error as Error).message).toMatch(/older than the one before/)
    proxy.intercept = () => "pass"
    await expect.poll(judged, { timeout: 12_000 }).toBe(agent_id)
  })
})

describe("a feed that is reset", () => {
  test("only adds: what was held stays", async () => {
    await using proxy = await startProxy(url)
    const { judged, agent_id } = await behindProxy(proxy)
    await revoke(url, admin, "agent", agent_id)
    await expect.poll(judged).toBe("token_revoked")
    const resets: string[] = []
    proxy.intercept = (incoming, answer) => {
      if (incoming.url?.startsWith(FEED) !== true) return "pass"
      resets.push(incoming.url)
      answer.writeHead(200, { "content-type": "text/event-stream" })
      answer.write(`data: ${message({ reset: true })}\n\n`)
      return "taken"
    }
    proxy.cut()
    const other = await agent(url, admin)
    await expect.poll(() => resets.length, { timeout: 4_000 }).toBeGreaterThan(0)
    await expect.poll(judged).toBe("token_revoked")
    proxy.intercept = () => "pass"
    proxy.cut()
    // From the position of that snapshot all is told again, to whoever follows.
    await revoke(url, admin, "agent", other.agent_id)
    const verifier = testVerifier({ brokerUrl: proxy.url })
    await expect.poll(() => verdict(verifier, other.access_token)).toBe("token_revoked")
    await expect.poll(judged, { timeout: 4_000 }).toBe("token_revoked")
  })
})

describe("without a stream", () => {
  const noStreams = (status: number, mediaType: string): BrokerProxy["intercept"] => {
    return (incoming, answer) => {
      if (!incoming.headers.accept?.includes("text/event-stream")) return "pass"
      answer.writeHead(status, { "content-type": mediaType, "retry-after": "5" }).end("{}")
      return "taken"
    }
  }

  test("the feed is polled: for one too many, behind a proxy's page, and where none is known", {
    timeout: 30_000,
  }, async () => {
    const rows: [status: number, mediaType: string][] = [
      [503, "application/problem+json"],
      [200, "text/html"],
      [406, "text/plain"],
    ]
    const polled = async ([status, mediaType]: [number, string]) => {
      await using proxy = await startProxy(url)
      proxy.intercept = noStreams(status, mediaType)
      const { judged, agent_id, feedCalls } = await behindProxy(proxy)
      const before = feedCalls()
      await revoke(url, admin, "agent", agent_id)
      await expect.poll(judged, { timeout: 8_000 }).toBe("token_revoked")
      expect(feedCalls() - before).toBeLessThanOrEqual(2)
    }
    await Promise.all(rows.map(polled))
  })

  test("a broker that names a time is asked for one again after it", async () => {
    await using proxy = await startProxy(url)
    proxy.intercept = (incoming, answer) => {
      if (!incoming.headers.accept?.includes("text/event-stream")) return "pass"
      answer.writeHead(503, { "retry-after": "1" }).end()
      return "taken"
    }
    const { judged, agent_id } = await behindProxy(proxy)
    proxy.intercept = () => "pass"
    const streams = () => proxy.seen.filter((line) => line.includes(FEED)).length
    const before = streams()
    await expect.poll(streams, { timeout: 8_000 }).toBeGreaterThan(before)
    await revoke(url, admin, "agent", agent_id)
    await expect.poll(judged, { timeout: 1_000 }).toBe("token_revoked")
  })
})

describe("a clock that is wrong", () => {
  test("by more than the feed's freshness shuts the verifier, whichever way", async () => {
    for (const seconds of [60, -60]) {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + seconds * 1000 })
      const verifier = testVerifier({ brokerUrl: url })
      try {
        const error = await verifier.ready({ timeoutMs: 1_500 }).catch((error: unknown) => error)
        expect(error).toBeInstanceOf(VerifierUnavailableError)
        expect((error as Error).message).toMatch(seconds > 0 ? /stopped being fresh/ : /in the future/)
      } finally {
        vi.useRealTimers()
      }
    }
  })

  test("for a while makes nothing forgotten that still matters once it is right", async () => {
    const verifier = testVerifier({ brokerUrl: url })
    const { access_token } = await agent(url, admin)
    await verifier.ready()
    await revoke(url, admin, "token", tokenPart(access_token, 1).jti)
    const judged = () => verdict(verifier, access_token)
    await expect.poll(judged).toBe("token_revoked")
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 86_400_000 })
    try {
      // A message, upon which what has expired is forgotten.
      await revoke(url, admin, "task", `t-${crypto.randomUUID()}`)
      await expect.poll(judged).toBe("feed_stale")
      await new Promise((resolve) => setTimeout(resolve, 200))
    } finally {
      vi.useRealTimers()
    }
    await revoke(url, admin, "task", `t-${crypto.randomUUID()}`)
    await expect.poll(judged).toBe("token_revoked")
  })

  test("that is set back does not make old news fresh", async () => {
    await using proxy = await startProxy(url)
    const { judged } = await behindProxy(proxy, { maxStalenessMs: 2_000 })
    proxy.intercept = () => "taken"
    proxy.cut()
    const fixed = Date.now()
    vi.useFakeTimers({ toFake: ["Date"], now: fixed })
    try {
      await expect
        .poll(
          () => {
            vi.setSystemTime(fixed)
            return judged()
          },
          { timeout: 5_000 },
        )
        .toBe("feed_stale")
    } finally {
      vi.useRealTimers()
    }
  })
})

describe("a broker that is started again", () => {
  test("with a new key: the verifier takes the new key up, drops the old one, and keeps what was revoked", {
    timeout: 60_000,
  }, async () => {
    await using own = await brokerFolder()
    const first = await startBroker(own)
    const port = new URL(first.url).port
    const operator = await adminToken(first.url)
    const verifier = testVerifier({ brokerUrl: first.url })
    const old = await agent(first.url, operator)
    const revoked = await agent(first.url, operator)
    await revoke(first.url, operator, "agent", revoked.agent_id)
    await expect.poll(() => verdict(verifier, revoked.access_token)).toBe("token_revoked")
    expect(await verdict(verifier, old.access_token)).toBe(old.agent_id)
    await first.end("SIGTERM")
    await rm(join(own.path, "signing.key"))
    const second = await startBroker(own, { AA_PORT: port })
    const fresh = await agent(second.url, await adminToken(second.url))
    await expect.poll(() => verdict(verifier, fresh.access_token), { timeout: 15_000 }).toBe(fresh.agent_id)
    expect(await verdict(verifier, old.access_token)).toBe("unknown_key")
    expect(await verdict(verifier, revoked.access_token)).toBe("unknown_key")
  })

  test("with a new database: the feed begins anew, and the verifier follows", { timeout: 60_000 }, async () => {
    await using own = await brokerFolder()
    const first = await startBroker(own)
    const port = new URL(first.url).port
    const operator = await adminToken(first.url)
    const verifier = testVerifier({ brokerUrl: first.url })
    const held = await agent(first.url, operator)
    await revoke(first.url, operator, "agent", held.agent_id)
    await revoke(first.url, operator, "task", "another")
    await expect.poll(() => verdict(verifier, held.access_token)).toBe("token_revoked")
    await first.end("SIGTERM")
    for (const file of await readdir(own.path)) if (file !== "signing.key") await rm(join(own.path, file))
    const second = await startBroker(own, { AA_PORT: port })
    const again = await adminToken(second.url)
    const fresh = await agent(second.url, again)
    await expect.poll(() => verdict(verifier, fresh.access_token), { timeout: 15_000 }).toBe(fresh.agent_id)
    // The new database knows nothing of it; the verifier does.
    expect(await verdict(verifier, held.access_token)).toBe("token_revoked")
    await revoke(second.url, again, "agent", fresh.agent_id)
    await expect.poll(() => verdict(verifier, fresh.access_token), { timeout: 15_000 }).toBe("token_revoked")
  })
})

test("a broker whose files were put back to older ones, and whose feed has grown beyond where the verifier was, is noticed", {
  timeout: 60_000,
}, async () => {
  await using own = await brokerFolder()
  const first = await startBroker(own)
  const environment = { AA_PORT: new URL(first.url).port }
  await using proxy = await startProxy(first.url)
  const operator = await adminToken(first.url)
  const held = await agent(first.url, operator)
  await revoke(first.url, operator, "task", "before")
  await first.end("SIGTERM")
  const older = `${own.path}-older`
  await cp(own.path, older, { recursive: true })
  onTestFinished(() => rm(older, { recursive: true }))

  const second = await startBroker(own, environment)
  const verifier = testVerifier({ brokerUrl: proxy.url })
  const judged = () => verdict(verifier, held.access_token)
  expect(await judged()).toBe(held.agent_id)
  const lost = await agent(second.url, await adminToken(second.url))
  await revoke(second.url, await adminToken(second.url), "agent", lost.agent_id)
  await revoke(second.url, await adminToken(second.url), "task", "after")
  await expect.poll(() => verdict(verifier, lost.access_token)).toBe("token_revoked")
  proxy.intercept = (incoming, answer) => {
    if (incoming.url?.startsWith(FEED) !== true) return "pass"
    answer.destroy()
    return "taken"
  }
  proxy.cut()
  await second.end("SIGTERM")
  await rm(own.path, { recursive: true })
  await cp(older, own.path, { recursive: true })

  const third = await startBroker(own, environment)
  // The number that the verifier knows for another entry; then more, so that the list is longer than it ever was.
  await revoke(third.url, await adminToken(third.url), "agent", held.agent_id)
  for (const task of ["x", "y", "z"]) await revoke(third.url, await adminToken(third.url), "task", task)
  proxy.intercept = () => "pass"
  await expect.poll(judged, { timeout: 15_000 }).toBe("token_revoked")
  expect(await verdict(verifier, lost.access_token)).toBe("token_revoked")
})

test("close settles whatever a caller's fetch does with its signal", async () => {
  await using proxy = await startProxy(url)
  const deaf = (input: string, { signal: _, ...init }: RequestInit) => fetch(input, init)
  const rows: [name: string, silent: string | undefined][] = [
    ["a stream that is open", undefined],
    ["no answer to the feed", FEED],
    ["no answer at all", ""],
  ]
  for (const [name, silent] of rows) {
    proxy.intercept = ({ url: path }) => (silent !== undefined && path?.startsWith(silent) ? "taken" : "pass")
    const verifier = createVerifier({ brokerUrl: proxy.url, fetch: deaf })
    const seen = proxy.seen.length
    await expect.poll(() => proxy.seen.length - seen).toBeGreaterThan(1)
    if (silent === undefined) await verifier.ready()
    const ended = await Promise.race([verifier.close(), new Promise((resolve) => setTimeout(resolve, 2_000, "open"))])
    expect([name, ended]).toEqual([name, undefined])
  }
})

test("a closed verifier accepts nothing and holds no connection", async () => {
  await using proxy = await startProxy(url)
  const { verifier, judged } = await behindProxy(proxy)
  await verifier.close()
  await verifier.close()
  expect(await judged()).toBe("verifier_closed")
  await expect(verifier.ready()).rejects.toMatchObject({ code: "verifier_closed" })
  const { length } = proxy.seen
  proxy.cut()
  expect(proxy.seen).toHaveLength(length)
})
