import type { RevocationFeed } from "@agentwrit/core"
import { MemoryData, MemoryStore } from "@agentwrit/store-memory"
import { describe, expect, test, vi } from "vitest"
import { memoryCustody } from "../src/index.ts"
import type { BrokerState, Change, Lease } from "../src/ports/index.ts"
import { CALLER, SECRET, SIGNING_KEY, testAuthority } from "./test-authority.ts"

const BROKERS: readonly BrokerState[] = [
  { id: "one", version: "2.1.0", lease: 900, applied: 0 },
  { id: "other", version: "2.1.0", lease: 700, applied: 0 },
]

/** A store that two brokers share, as one of them sees it. */
class SharedStore extends MemoryStore {
  readonly lease: Lease & { held: boolean } = { held: true, brokers: BROKERS }
  readonly everywhere: Change[] = []

  override async commit(change: Change) {
    const committed = await super.commit(change)
    if (!change.everywhere) return committed
    this.everywhere.push(change)
    return { ...committed, brokers: BROKERS.length }
  }
}

async function sharing() {
  const store = new SharedStore()
  const on = await testAuthority({ store })
  return { ...on, lease: store.lease, everywhere: store.everywhere }
}

const LAPSED = {
  code: "unavailable",
  detail: "this broker has lost its connection to the others, so it may miss a revocation",
  hint: "try again, or ask another broker",
  retryAfter: 1,
} as const

describe("while its lease has lapsed", () => {
  test("a broker judges no token and issues none, also one that it had accepted before", async () => {
    const on = await sharing()
    const { accessToken, claims } = await on.agent()
    const request = on.request(await on.launch())
    const { clientId, clientSecret } = await on.app()
    on.lease.held = false
    const { authority } = on
    for (const attempt of [
      () => authority.validateToken(CALLER, accessToken),
      () => authority.validateToken(CALLER, "no token at all"),
      () => authority.authenticate(CALLER, accessToken, { kinds: ["agent"] }),
      () => authority.register(CALLER, request),
      () => authority.renewToken(CALLER, claims),
      () => authority.signInApp(CALLER, { clientId, clientSecret }),
      () => authority.signInAdmin(CALLER, SECRET),
    ])
      await expect(attempt()).rejects.toMatchObject(LAPSED)
    expect(authority.health()).toMatchObject({ status: "degraded", dbConnected: true })
    on.lease.held = true
    expect(await authority.validateToken(CALLER, accessToken)).toBeDefined()
    await authority.register(CALLER, request)
  })

  test("it signs no message of the feed; afterwards followers get what they missed", async () => {
    vi.useFakeTimers()
    try {
      const on = await sharing()
      const messages: RevocationFeed[] = []
      const follower = {
        send: ({ jws }: { jws: string }) =>
          messages.push(JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString())) > 0,
        ready: async () => undefined,
        end: vi.fn(),
      }
      on.authority.followRevocations(CALLER, 0, follower)
      await vi.advanceTimersByTimeAsync(1)
      const revocation = { level: "task", target: "t-1", revokedAt: 0, expiresAt: null, pruneAfter: null } as const
      on.lease.held = false
      await on.store.commit({ writes: [{ type: "revoke", revocation }], events: [] })
      await vi.advanceTimersByTimeAsync(20_000)
      expect(messages.map(({ to }) => to)).toEqual([0])
      await expect(on.authority.revocationsPage(CALLER, 0)).rejects.toMatchObject(LAPSED)
      on.lease.held = true
      await vi.advanceTimersByTimeAsync(100)
      expect(messages.map(({ from, to, entries }) => [from, to, entries.length])).toEqual([
        [0, 0, 0],
        [0, 1, 1],
      ])
      await on.authority.close()
      expect(follower.end).toHaveBeenCalledOnce()
    } finally {
      vi.useRealTimers()
    }
  })
})

test("a revocation is answered when every broker has applied it, and says how many", async () => {
  const on = await sharing()
  const receipt = await on.authority.revoke(CALLER, on.operator, { level: "task", target: "t-1" })
  expect(receipt).toMatchObject({ revoked: true, confirmed: { brokers: 2 } })
  expect(on.everywhere).toHaveLength(1)
  expect(on.authority.health().brokers).toEqual(BROKERS)
})

test("a broker alone names no other, and confirms nothing", async () => {
  await using on = await testAuthority()
  expect(await on.authority.revoke(CALLER, on.operator, { level: "task", target: "t-1" })).not.toHaveProperty(
    "confirmed",
  )
  expect(on.authority.health()).not.toHaveProperty("brokers")
})

test("a new key ring is answered when every broker has it, and the others take it over", async () => {
  const data = new MemoryData()
  const keys = memoryCustody(SIGNING_KEY)
  const [store, otherStore] = [new SharedStore({ data }), new SharedStore({ data })]
  const follow = vi.spyOn(otherStore.revocations, "follow")
  const on = await testAuthority({ store, keys })
  const other = await testAuthority({ store: otherStore, keys })
  const { kid } = await on.authority.rotateKey(CALLER, on.operator, { signsIn: 0, force: true })
  expect(store.everywhere.length).toBeGreaterThan(0)
  expect(other.authority.jwkSet().keys[0]?.kid).not.toBe(kid)
  for (const [, follower] of follow.mock.calls) await follower.keyRingChanged?.()
  expect(other.authority.jwkSet()).toEqual(on.authority.jwkSet())
  const { accessToken } = await other.authority.signInAdmin(CALLER, SECRET)
  expect(await on.authority.validateToken(CALLER, accessToken)).toBeDefined()
})
