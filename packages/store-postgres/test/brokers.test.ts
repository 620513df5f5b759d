import { verifyTrail } from "@agentwrit/audit"
import type { RevocationEntry, Store } from "@agentwrit/authority/ports"
import { createSigningKey, toJwk } from "@agentwrit/core"
import { digestOf, draft, launchToken, revocation } from "@agentwrit/testing/fixtures"
import { START } from "@agentwrit/testing/settable-clock"
import { startTcpProxy } from "@agentwrit/testing/tcp-proxy"
import { describe, expect, test } from "vitest"
import { PostgresStore } from "../src/index.ts"
import { serverUrl, temporarySchema } from "./temporary-schema.ts"

const open = (url: string) => PostgresStore.open({ url, version: "2.0.0" })

/** The digests that a store's follower has applied. */
async function following(store: Store): Promise<ReadonlySet<string>> {
  const digests = new Set<string>()
  const append = (entries: readonly RevocationEntry[]) => {
    for (const { digest } of entries) digests.add(Buffer.from(digest).toString("hex"))
  }
  await store.revocations.follow(0, { append })
  return digests
}

const revoke = (store: Store, revoked = revocation()) =>
  store.commit({ writes: [{ type: "revoke", revocation: revoked }], events: [], everywhere: true })

describe.skipIf(serverUrl === "")("several stores over one database", () => {
  test("their events form one chain", async () => {
    await using schema = await temporarySchema()
    // They may start, and migrate, at the same time.
    const stores = await Promise.all([open(schema.url), open(schema.url), open(schema.url)])
    await Promise.all(
      stores.flatMap((store, at) =>
        Array.from({ length: 100 }, (_, event) =>
          store.commit({ writes: [], events: [draft({ detail: `${at} ${event}` })] }),
        ),
      ),
    )
    const { events, total } = await stores[0].trail.events({ limit: 1000, offset: 0 })
    expect(total).toBe(300)
    expect(await verifyTrail(events)).toMatchObject({ ok: true })
    const sealed = await Promise.all(
      stores.map((store) => store.trail.seal(({ root }) => Buffer.from(root).toString("hex"))),
    )
    expect(new Set(sealed.map(({ note }) => note)).size).toBe(1)
    for (const store of stores) await store.housekeeping.close()
  })

  test("a single-use launch token is used once, and a nonce is spent once", async () => {
    await using schema = await temporarySchema()
    await using one = await open(schema.url)
    await using two = await open(schema.url)
    const token = launchToken()
    await one.commit({ writes: [{ type: "add_launch_token", launchToken: token }], events: [] })
    const nonce = new Uint8Array(32).fill(7)
    const race = async (write: Parameters<Store["commit"]>[0]["writes"][number]) => {
      const stores = Array.from({ length: 50 }, (_, at) => (at % 2 === 0 ? one : two))
      const results = await Promise.allSettled(stores.map((store) => store.commit({ writes: [write], events: [] })))
      return results.filter(({ status }) => status === "fulfilled").length
    }
    expect(await race({ type: "use_launch_token", hash: token.hash, at: START })).toBe(1)
    expect(await race({ type: "spend_nonce", nonce, expiresAt: START })).toBe(1)
  })

  test("a revocation that is answered everywhere is applied by every broker whose lease holds", async () => {
    await using schema = await temporarySchema()
    await using one = await open(schema.url)
    await using two = await open(schema.url)
    await following(one)
    const applied = await following(two)
    expect([one.lease.held, two.lease.held]).toEqual([true, true])
    for (let round = 0; round < 20; round++) {
      const revoked = revocation()
      expect(await revoke(one, revoked)).toMatchObject({ brokers: 2 })
      expect(applied).toContain(digestOf(revoked))
    }
    await expect.poll(() => one.lease.brokers).toHaveLength(2)
  })

  test("a broker that is cut off holds no lease once a revocation is answered without it, and catches up", async () => {
    await using schema = await temporarySchema()
    const { port } = new URL(schema.url)
    await using proxy = await startTcpProxy(Number(port))
    await using one = await open(schema.url)
    await using two = await open(schema.url.replace(`:${port}/`, `:${proxy.port}/`))
    await following(one)
    const applied = await following(two)
    proxy.stalled = true
    const revoked = revocation()
    expect(await revoke(one, revoked)).toMatchObject({ brokers: 1 })
    expect(two.lease.held).toBe(false)
    expect(applied).not.toContain(digestOf(revoked))
    proxy.stalled = false
    await expect.poll(() => two.lease.held).toBe(true)
    expect(applied).toContain(digestOf(revoked))
  })

  test("a broker that joins while another one revokes misses nothing", async () => {
    await using schema = await temporarySchema()
    await using revoking = await open(schema.url)
    await following(revoking)
    const joined: { readonly store: Store; readonly applied: ReadonlySet<string> }[] = []
    let joins = 0
    const joining = (async () => {
      for (; joins < 15; joins++) {
        const store = await open(schema.url)
        joined.push({ store, applied: await following(store) })
      }
    })()
    let rounds = 0
    for (; joins < 15; rounds++) {
      const revoked = revocation()
      await revoke(revoking, revoked)
      for (const { store, applied } of joined) if (store.lease?.held) expect(applied).toContain(digestOf(revoked))
    }
    await joining
    expect(rounds).toBeGreaterThan(15)
    await Promise.all(joined.map(({ store }) => store.housekeeping.close()))
  })

  test("a key ring that is answered everywhere was taken over by the others", async () => {
    await using schema = await temporarySchema()
    await using one = await open(schema.url)
    await using two = await open(schema.url)
    const changes: string[] = []
    const follow = (store: Store, name: string) =>
      store.revocations.follow(0, {
        append: () => undefined,
        keyRingChanged: async () => void changes.push(name),
      })
    await follow(one, "one")
    await follow(two, "two")
    const jwk = toJwk(createSigningKey(new Uint8Array(32).fill(1)))
    const ring = {
      revision: 1,
      keys: [{ jwk, use: "native", state: "current", createdAt: START }],
      retired: [],
    } as const
    const { brokers } = await one.commit({ writes: [{ type: "set_key_ring", ring }], events: [], everywhere: true })
    expect({ brokers, changes }).toEqual({ brokers: 2, changes: ["two"] })
  })

  test("work under a lease is done by one broker", async () => {
    await using schema = await temporarySchema()
    await using one = await open(schema.url)
    await using two = await open(schema.url)
    const seen = await one.housekeeping.withLease("maintenance", () =>
      two.housekeeping.withLease("maintenance", async () => "run twice"),
    )
    expect(seen).toBeUndefined()
    expect(await two.housekeeping.withLease("maintenance", async () => "run")).toBe("run")
  })

  test("sealed keys are shared, and the first one of a name wins", async () => {
    await using schema = await temporarySchema()
    await using one = await open(schema.url)
    await using two = await open(schema.url)
    const bytes = (value: number) => new Uint8Array(48).fill(value)
    expect(await one.keys.get("native.current")).toBeUndefined()
    expect(await one.keys.putFirst("native.current", bytes(1))).toEqual(bytes(1))
    expect(await two.keys.putFirst("native.current", bytes(2))).toEqual(bytes(1))
    await two.keys.put("native.current", bytes(3))
    expect(await one.keys.get("native.current")).toEqual(bytes(3))
    await one.keys.delete("native.current")
    expect(await two.keys.get("native.current")).toBeUndefined()
  })
})
