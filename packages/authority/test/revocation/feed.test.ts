import { type RevocationFeed, revocationDigest, verifyCompact } from "@agentwrit/core"
import { MemoryStore } from "@agentwrit/store-memory"
import { describe, expect, test, vi } from "vitest"
import type { FeedFollower, FeedMessage } from "../../src/index.ts"
import { CALLER, SIGNING_KEY, testAuthority } from "../test-authority.ts"

type Setting = Awaited<ReturnType<typeof testAuthority>>

const payloadOf = ({ jws }: FeedMessage): RevocationFeed =>
  JSON.parse(
    new TextDecoder().decode(
      verifyCompact("agentwrit-revocations+jwt", jws, (keyId) =>
        keyId === SIGNING_KEY.keyId ? SIGNING_KEY : undefined,
      ).payload,
    ),
  )

const revoke = (on: Setting, target: string) => on.authority.revoke(CALLER, on.operator, { level: "task", target })

/** A store with this many revocations. */
async function filled(count: number): Promise<MemoryStore> {
  const store = new MemoryStore()
  const revocation = { level: "task", revokedAt: 0, expiresAt: null, pruneAfter: null } as const
  const writes = Array.from(
    { length: count },
    (_, at) => ({ type: "revoke", revocation: { ...revocation, target: `t-${at}` } }) as const,
  )
  await store.commit({ writes, events: [] })
  return store
}

/** A follower that keeps what it is sent. */
function recorder(keepsUp: () => boolean = () => true) {
  const messages: RevocationFeed[] = []
  const ends: unknown[] = []
  const follower: FeedFollower = {
    send(message) {
      if (!keepsUp()) return false
      messages.push(payloadOf(message))
      return true
    },
    ready: async () => undefined,
    end: (error) => ends.push(error),
  }
  return { follower, messages, ends }
}

describe("a page", () => {
  test("at the head is empty and fresh", async () => {
    await using on = await testAuthority()
    const now = on.clock.now() / 1000
    const empty = { from: 0, to: 0, head: 0, reset: false, entries: [], iat: now, fresh_until: now + 30 }
    expect(payloadOf(await on.authority.revocationsPage(CALLER, 0))).toEqual(empty)
    expect(on.authority.isRevocationsPageSmall(0)).toBe(true)
  })

  test("contains the entries after its position", async () => {
    await using on = await testAuthority()
    for (const target of ["a", "b", "c"]) await revoke(on, target)
    const entry = (seq: number, target: string) => ({
      seq,
      level: "task",
      digest: Buffer.from(revocationDigest("task", target)).toString("base64url"),
      exp: null,
    })
    const page = payloadOf(await on.authority.revocationsPage(CALLER, 1))
    expect(page).toMatchObject({ from: 1, to: 3, head: 3, reset: false, entries: [entry(2, "b"), entry(3, "c")] })
  })

  test("has at most 5,000 entries, and leads to the next one", async () => {
    await using on = await testAuthority({ store: await filled(7000) })
    const first = payloadOf(await on.authority.revocationsPage(CALLER, 0))
    expect(first).toMatchObject({ from: 0, to: 5000, head: 7000, reset: false })
    expect(first.entries).toHaveLength(5000)
    const second = payloadOf(await on.authority.revocationsPage(CALLER, 5000))
    expect(second).toMatchObject({ from: 5000, to: 7000, head: 7000 })
    expect([6899, 6900, 7000, 7001].map((at) => on.authority.isRevocationsPageSmall(at))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  test("after a position that does not exist is the beginning of a snapshot", async () => {
    await using on = await testAuthority()
    await revoke(on, "a")
    for (const since of [2, 2 ** 40]) {
      const page = payloadOf(await on.authority.revocationsPage(CALLER, since))
      expect(page).toMatchObject({ from: 0, to: 1, head: 1, reset: true, entries: [{ seq: 1 }] })
    }
  })

  test("leaves out entries that stopped mattering five minutes ago", async () => {
    await using on = await testAuthority({ settings: { maxTtl: 60 } })
    const { claims } = await on.agent({ requestedTtl: 60 })
    await on.authority.revoke(CALLER, on.operator, { level: "token", target: claims.jti })
    on.clock.set(on.clock.now() + 60_000 + 5 * 60_000 - 1)
    expect(payloadOf(await on.authority.revocationsPage(CALLER, 0))).toMatchObject({ to: 1, entries: [{ seq: 1 }] })
    await revoke(on, "a")
    on.clock.set(on.clock.now() + 1)
    const entries = payloadOf(await on.authority.revocationsPage(CALLER, 0)).entries
    expect(entries.map(({ seq }) => seq)).toEqual([2])
  })

  test("is made once for all who ask at the same time; a source with too many different ones is refused", async () => {
    const store = await filled(300)
    const page = vi.spyOn(store.revocations, "page")
    await using on = await testAuthority({ store })
    page.mockClear()
    await Promise.all(Array.from({ length: 20 }, () => on.authority.revocationsPage(CALLER, 1)))
    expect(page).toHaveBeenCalledOnce()
    const many = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) => on.authority.revocationsPage(CALLER, 2 + at)),
    )
    const refused = many.filter(({ status }) => status === "rejected")
    expect(refused.length).toBeGreaterThan(5)
    for (const outcome of refused)
      expect(outcome).toMatchObject({
        reason: { code: "unavailable", detail: "too many requests for the feed are waiting", retryAfter: 1 },
      })
    const other = on.authority.revocationsPage({ resource: "/", source: "10.0.0.2" }, 100)
    expect(payloadOf(await other)).toMatchObject({ from: 100, to: 300 })
  })
})

describe("a follower", () => {
  test("gets what it missed, then each commit in one message, without a gap", async () => {
    await using on = await testAuthority({ store: await filled(7000) })
    const { follower, messages, ends } = recorder()
    const stop = on.authority.followRevocations(CALLER, 0, follower)
    await expect.poll(() => messages.at(-1)?.to).toBe(7000)
    await revoke(on, "a")
    expect(messages.at(-1)).toMatchObject({ from: 7000, to: 7001, head: 7001, entries: [{ seq: 7001 }] })
    for (const [at, { from }] of messages.entries()) expect(from).toBe(messages[at - 1]?.to ?? 0)
    stop()
    await revoke(on, "b")
    expect(messages.at(-1)?.to).toBe(7001)
    expect(ends).toEqual([])
  })

  test("gets an empty message every five seconds", async () => {
    vi.useFakeTimers()
    try {
      await using on = await testAuthority()
      const { follower, messages } = recorder()
      on.authority.followRevocations(CALLER, 0, follower)
      await vi.advanceTimersByTimeAsync(15_000)
      expect(messages).toHaveLength(4)
      for (const message of messages) expect(message).toMatchObject({ from: 0, to: 0, entries: [] })
    } finally {
      vi.useRealTimers()
    }
  })

  test("that is too slow is disconnected, and the others miss nothing", async () => {
    await using on = await testAuthority()
    let keepsUp = true
    const [slow, quick] = [recorder(() => keepsUp), recorder()]
    for (const { follower } of [slow, quick]) on.authority.followRevocations(CALLER, 0, follower)
    await expect.poll(() => [slow, quick].map(({ messages }) => messages.length)).toEqual([1, 1])
    keepsUp = false
    await revoke(on, "a")
    await revoke(on, "b")
    expect(slow.ends).toMatchObject([{ code: "unavailable", detail: "the follower is too slow" }])
    expect(quick.messages.map(({ to }) => to)).toEqual([0, 1, 2])
  })

  test("is ended when the host stops, and nobody can follow then", async () => {
    await using on = await testAuthority()
    const { follower, ends } = recorder()
    on.authority.followRevocations(CALLER, 0, follower)
    on.authority.endFollowing()
    expect(ends).toEqual([undefined])
    const late = () => on.authority.followRevocations(CALLER, 0, follower)
    expect(late).toThrow(expect.objectContaining({ code: "unavailable", detail: "the broker is stopping" }))
  })

  test("whose page cannot be read is ended with the cause", async () => {
    const store = await filled(300)
    await using on = await testAuthority({ store })
    vi.spyOn(store.revocations, "page").mockRejectedValueOnce(new Error("damaged"))
    const { follower, ends } = recorder()
    on.authority.followRevocations(CALLER, 0, follower)
    await expect.poll(() => ends).toMatchObject([{ message: "damaged" }])
  })
})
