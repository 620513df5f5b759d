import { createSigningKey, type Jwk, type RevocationFeed } from "@agentwrit/core"
import { MemoryData, MemoryStore } from "@agentwrit/store-memory"
import { settableClock } from "@agentwrit/testing/settable-clock"
import { describe, expect, test } from "vitest"
import { type FeedMessage, type KeyCustody, KeyRingError, memoryCustody, UnavailableError } from "../../src/index.ts"
import { CALLER, SIGNING_KEY, testAuthority } from "../test-authority.ts"

type Setting = Awaited<ReturnType<typeof testAuthority>>
type Rotation = Parameters<Setting["authority"]["rotateKey"]>[2]

const NOW = { signsIn: 0, force: true } as const

const headerOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString())
const keyIdOf = (token: string): string => headerOf(token).kid
const published = (on: Setting) => on.authority.jwkSet().keys.map(({ kid }: Jwk) => kid)
const rotate = (on: Setting, rotation?: Rotation) => on.authority.rotateKey(CALLER, on.operator, rotation)
const retire = (on: Setting, kid: string) => on.authority.retireKey(CALLER, on.operator, kid)
const isGood = async (on: Setting, token: string) => (await on.authority.validateToken(CALLER, token)) !== undefined
const states = async (on: Setting) => (await on.authority.listKeys()).map(({ kid, state }) => [kid, state])
const pass = async (on: Setting, seconds: number) => {
  on.clock.set(on.clock.now() + seconds * 1000)
  await on.authority.maintain()
}
const payloadOf = ({ jws }: FeedMessage): RevocationFeed =>
  JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString())

/** Keys and a store that several authorities use, one after the other. */
function lasting() {
  const clock = settableClock()
  const store = new MemoryStore({ data: new MemoryData(), clock })
  let note: string | undefined
  const anchor = {
    kept: async () => note,
    async keep(newer: string) {
      note = newer
    },
  }
  const custody = memoryCustody(SIGNING_KEY, clock)
  const open = (keys: KeyCustody = custody, faulty = store as MemoryStore) =>
    testAuthority({ keys, store: faulty, clock, anchor })
  return { clock, store, custody, open }
}

describe("a rotation", () => {
  test("publishes the new key at once; it signs after its time, and the old one verifies until its last token", async () => {
    await using on = await testAuthority({ settings: { adminTokenTtl: 300 } })
    const old = await on.agent({ requestedTtl: 600 })
    const { kid, state, signsFrom } = await rotate(on)
    expect([state, signsFrom]).toEqual(["next", on.clock.now() + 300_000])
    expect(published(on)).toEqual([SIGNING_KEY.keyId, kid])
    expect(keyIdOf((await on.agent()).accessToken)).toBe(SIGNING_KEY.keyId)

    await pass(on, 300)
    expect(await states(on)).toEqual([
      [kid, "current"],
      [SIGNING_KEY.keyId, "previous"],
    ])
    const fresh = await on.agent()
    expect(keyIdOf(fresh.accessToken)).toBe(kid)
    expect(await isGood(on, old.accessToken)).toBe(true)
    expect(keyIdOf((await on.authority.renewToken(CALLER, old.claims)).accessToken)).toBe(kid)

    const [, previous] = await on.authority.listKeys()
    expect(previous?.verifiesUntil).toBe(Math.max(old.claims.exp, fresh.claims.exp - 300) * 1000)
    await pass(on, 299)
    expect(published(on)).toHaveLength(2)
    await pass(on, 1)
    expect(published(on)).toEqual([kid])
    expect((await on.events()).filter(({ event_type }) => event_type.startsWith("key_"))).toMatchObject([
      { event_type: "key_rotated", actor: "admin", detail: expect.stringContaining(`key ${kid} (EdDSA) is published`) },
      {
        event_type: "key_rotated",
        detail: expect.stringContaining(`key ${kid} (EdDSA) signs; key ${SIGNING_KEY.keyId}`),
      },
      { event_type: "key_retired", detail: `key ${SIGNING_KEY.keyId} goes: all that it signed has expired` },
    ])
  })

  test("refuses no token of a chain that crosses it", async () => {
    await using on = await testAuthority()
    const [first, second, third] = [await on.agent(), await on.agent(), await on.agent()]
    const delegated = await on.delegate(first.claims, second.agentId)
    await rotate(on, NOW)
    const further = await on.delegate(delegated.claims, third.agentId)
    expect(further.delegationChain.map(({ kid }) => kid)).toEqual([SIGNING_KEY.keyId, keyIdOf(further.accessToken)])
    for (let again = 0; again < 10; again++) {
      await rotate(on, NOW)
      for (const { accessToken } of [first, delegated, further]) expect(await isGood(on, accessToken)).toBe(true)
    }
  })

  test("needs force to let a key sign that no verifier knows", async () => {
    await using on = await testAuthority()
    await on.refused(() => rotate(on, { signsIn: 0 }), { code: "invalid_request", detail: "signs_in 0 needs force" }, [
      { event_type: "key_rotated", agent_id: "admin" },
    ])
    expect(published(on)).toEqual([SIGNING_KEY.keyId])
  })

  test("is refused while another one is under way; force lets its key sign at once", async () => {
    await using on = await testAuthority()
    const both = await Promise.allSettled([rotate(on), rotate(on)])
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"])
    const kid = published(on)[1]
    await on.refused(() => rotate(on), { code: "conflict", detail: expect.stringContaining(`key ${kid} signs from`) }, [
      { event_type: "key_rotated" },
    ])
    expect(await rotate(on, NOW)).toMatchObject({ kid, state: "current" })
  })

  test("whose private half is gone is given up, and the next one makes a key that signs", async () => {
    const { custody, open } = lasting()
    await using on = await open()
    const { kid: lost } = await rotate(on)
    await custody.discard("native")
    await expect(rotate(on, NOW)).rejects.toMatchObject({
      code: "conflict",
      detail: expect.stringContaining(`private half of the next key ${lost} is gone`),
    })
    expect(published(on)).toEqual([SIGNING_KEY.keyId])
    const { kid } = await rotate(on, NOW)
    expect(keyIdOf((await on.agent()).accessToken)).toBe(kid)
  })

  test("of a ring of 16 keys is refused", async () => {
    await using on = await testAuthority()
    for (let keys = 1; keys < 16; keys++) {
      await on.agent()
      await rotate(on, NOW)
    }
    expect(published(on)).toHaveLength(16)
    const full = { code: "conflict", detail: "the ring has 16 keys, which is the most" } as const
    await on.refused(() => rotate(on, NOW), full, [{ event_type: "key_rotated" }])
    await retire(on, published(on).at(-1) ?? "")
    expect(await rotate(on, NOW)).toMatchObject({ state: "current" })
  })

  test("is not undone by a clock that is stepped back, nor hurried by one that is stepped forward", async () => {
    await using on = await testAuthority()
    const old = await on.agent()
    const { kid } = await rotate(on, NOW)
    on.clock.step(on.clock.now() - 3_600_000)
    await on.authority.maintain()
    expect(keyIdOf((await on.agent()).accessToken)).toBe(kid)
    on.clock.step(on.clock.now() + 90_000_000)
    await on.authority.maintain()
    on.clock.step(on.clock.now() - 86_400_000)
    expect(published(on)).toContain(keyIdOf(old.accessToken))
  })

  test("has one current key for each use", async () => {
    await using on = await testAuthority()
    const first = await rotate(on, { alg: "ES256" })
    expect(first).toMatchObject({ alg: "ES256", use: "oauth", state: "next" })
    await pass(on, 300)
    await rotate(on, { alg: "RS256", ...NOW })
    expect((await on.authority.listKeys()).map(({ alg, use, state }) => `${alg} ${use} ${state}`)).toEqual([
      "EdDSA native current",
      "RS256 oauth current",
      "ES256 oauth previous",
    ])
    expect(on.authority.jwkSet().keys.map(({ kty, use, alg }) => `${kty} ${use} ${alg}`)).toEqual([
      "OKP sig EdDSA",
      "RSA sig RS256",
      "EC sig ES256",
    ])
    expect(keyIdOf((await on.agent()).accessToken)).toBe(SIGNING_KEY.keyId)
  })

  test("comes by itself when the key is as old as the operator's schedule allows", async () => {
    const clock = settableClock()
    await using on = await testAuthority({
      clock,
      store: new MemoryStore({ clock }),
      keys: memoryCustody(SIGNING_KEY, clock),
      settings: { keyRotationDays: 30 },
    })
    const advance = async (seconds: number) => {
      clock.set(clock.now() + seconds * 1000)
      await on.authority.maintain()
      return (await on.authority.listKeys()).map(({ state }) => state)
    }
    expect(await advance(30 * 86_400 - 1)).toEqual(["current"])
    expect(await advance(1)).toEqual(["current", "next"])
    expect(await advance(299)).toEqual(["current", "next"])
    expect(await advance(1)).toEqual(["current", "previous"])
    expect(await advance(60)).toEqual(["current"])
    expect(await advance(30 * 86_400)).toEqual(["current", "next"])
  })
})

describe("a retired key", () => {
  test("ends with all that it signed, cached tokens and records of chains too; a new key signs", async () => {
    await using on = await testAuthority()
    const [first, second, third] = [await on.agent(), await on.agent(), await on.agent()]
    const delegated = await on.delegate(first.claims, second.agentId)
    const { kid } = await rotate(on, NOW)
    const renewed = await on.authority.renewToken(CALLER, third.claims)
    const further = await on.delegate(delegated.claims, third.agentId)
    expect(keyIdOf(further.accessToken)).toBe(kid)
    expect(await retire(on, SIGNING_KEY.keyId)).toMatchObject({ kid: SIGNING_KEY.keyId, status: "retired" })
    for (const { accessToken } of [first, delegated, further]) expect(await isGood(on, accessToken)).toBe(false)
    expect(await isGood(on, renewed.accessToken)).toBe(true)
    await retire(on, kid)
    expect(await isGood(on, renewed.accessToken)).toBe(false)
    expect(published(on)).toEqual([keyIdOf((await on.agent()).accessToken)])
  })

  test("that signs is followed by the next one", async () => {
    await using on = await testAuthority()
    const { kid } = await rotate(on)
    await retire(on, SIGNING_KEY.keyId)
    expect(await states(on)).toEqual([[kid, "current"]])
  })

  test("is named in every message of the feed for ten minutes, and in one at once", async () => {
    await using on = await testAuthority()
    const messages: RevocationFeed[] = []
    const follower = { send: (one: FeedMessage) => messages.push(payloadOf(one)) > 0, ready: async () => {}, end() {} }
    on.authority.followRevocations(CALLER, 0, follower)
    await on.authority.revocationsPage(CALLER, 0)
    await retire(on, SIGNING_KEY.keyId)
    expect(messages.at(-1)).toMatchObject({ entries: [], retired: [SIGNING_KEY.keyId] })
    const page = await on.authority.revocationsPage(CALLER, 0)
    expect([keyIdOf(page.jws), payloadOf(page).retired]).toEqual([published(on)[0], [SIGNING_KEY.keyId]])
    await pass(on, 600)
    await rotate(on)
    expect(payloadOf(await on.authority.revocationsPage(CALLER, 0))).not.toHaveProperty("retired")
  })

  test("that does not exist is not found", async () => {
    await using on = await testAuthority()
    const unknown = () => retire(on, "A".repeat(43))
    await on.refused(unknown, { code: "not_found" }, [{ event_type: "key_retired", agent_id: "admin" }])
  })

  test.each([
    ["retired", (on: Setting) => retire(on, SIGNING_KEY.keyId), "key_retired"],
    ["rotated out", (on: Setting) => on.agent().then(() => rotate(on, NOW)), "key_rotated_out"],
    ["gone", (on: Setting) => rotate(on, NOW).then(() => pass(on, 86_400)), "key_retired"],
  ] as const)("that was %s does not come back", async (_, end, code) => {
    const { open } = lasting()
    await using on = await open()
    await end(on)
    const refused = await open(memoryCustody(SIGNING_KEY)).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(KeyRingError)
    expect(refused).toMatchObject({ code })
  })
})

test("a retired key does not come back after a declared restore either, which deletes the ring", async () => {
  const { open, store } = lasting()
  await using on = await open()
  await retire(on, SIGNING_KEY.keyId)
  await store.commit({ writes: [{ type: "begin_era" }], events: [] })
  await expect(open(memoryCustody(SIGNING_KEY))).rejects.toMatchObject({ code: "key_retired" })
  await using again = await open()
  expect((await states(again)).map(([, state]) => state)).toEqual(["current"])
})

describe("a start", () => {
  test("finds the ring of the store again", async () => {
    const { open } = lasting()
    const on = await open()
    const old = await on.agent()
    await rotate(on, NOW)
    await rotate(on)
    const before = await on.authority.listKeys()
    await using again = await open()
    expect(await again.authority.listKeys()).toEqual(before)
    expect(await isGood(again, old.accessToken)).toBe(true)
  })

  test("with a key that an operator put in place ends everything before it", async () => {
    const { open } = lasting()
    const on = await open()
    const old = await on.agent()
    await rotate(on, NOW)
    const current = await on.agent()
    const placed = createSigningKey(new Uint8Array(32).fill(9))
    await using again = await open(memoryCustody(placed))
    expect(published(again)).toEqual([placed.keyId])
    for (const { accessToken } of [old, current]) expect(await isGood(again, accessToken)).toBe(false)
    const { retired } = payloadOf(await again.authority.revocationsPage(CALLER, 0))
    expect(retired).toEqual([SIGNING_KEY.keyId, keyIdOf(current.accessToken)])
  })
})

describe("a fault in a rotation", () => {
  /** Fails at one step and, after it, at every other: as a process that was killed there. */
  function killedAt(step: number, custody: KeyCustody, store: MemoryStore) {
    let done = 0
    const count = <T>(run: () => Promise<T>): Promise<T> => {
      if (++done > step) throw new UnavailableError("busy", "the process was killed here")
      return run()
    }
    const keys: KeyCustody = {
      ...custody,
      create: (alg) => count(() => custody.create(alg)),
      promote: (use) => count(() => custody.promote(use)),
      discard: (use) => count(() => custody.discard(use)),
    }
    const commit: MemoryStore["commit"] = (change) =>
      change.writes.some(({ type }) => type === "set_key_ring")
        ? count(() => store.commit(change))
        : store.commit(change)
    const faulty = new Proxy(store, { get: (on, name) => (name === "commit" ? commit : Reflect.get(on, name, on)) })
    return { keys, faulty, isOver: () => done <= step }
  }

  test.each([
    ["rotation", (on: Setting) => rotate(on, NOW)],
    ["retirement", (on: Setting) => retire(on, published(on)[0] ?? "")],
  ] as const)(
    "a crash at any step of a %s leaves a ring in which everything signed is verifiable",
    async (_, change) => {
      for (let step = 0; ; step++) {
        const { open, custody, store } = lasting()
        const before = await open()
        await rotate(before, NOW)
        const { keys, faulty, isOver } = killedAt(step, custody, store)
        const on = await open(keys, faulty)
        const signed = [await on.agent()]
        const outcome = await change(on).then(
          () => true,
          () => false,
        )
        if (isOver()) {
          expect([step > 2, outcome]).toEqual([true, true])
          return
        }
        signed.push(await on.agent())
        await using again = await open()
        await again.authority.maintain()
        signed.push(await again.agent())
        for (const { accessToken } of signed) expect(await isGood(again, accessToken)).toBe(true)
        expect((await states(again)).filter(([, state]) => state === "current")).toHaveLength(1)
      }
    },
  )

  test("that keeps the next key from its place is told as such; the next call goes on", async () => {
    const { open, custody } = lasting()
    let isStuck = true
    const promote: KeyCustody["promote"] = async (use) => {
      if (isStuck) throw new UnavailableError("busy", "the file is in use")
      return custody.promote(use)
    }
    await using on = await open({ ...custody, promote })
    await expect(rotate(on, NOW)).rejects.toMatchObject({
      code: "unavailable",
      detail: "the broker cannot keep a new signing key at the moment",
    })
    isStuck = false
    expect((await rotate(on, NOW)).state).toBe("current")
  })

  test("that has no room refuses it and changes nothing", async () => {
    const { open, custody, store } = lasting()
    for (const step of [0, 1]) {
      const { keys, faulty } = killedAt(step, { ...custody, discard: custody.discard }, store)
      const on = await open(keys, faulty)
      const before = await on.authority.listKeys()
      await expect(rotate(on)).rejects.toMatchObject({ code: "unavailable" })
      expect(await on.authority.listKeys()).toEqual(before)
    }
  })
})

test("a nonce survives a restart, a rotation and a new signing key", async () => {
  const { open } = lasting()
  await using on = await open()
  const request = on.request(await on.launch())
  await rotate(on, NOW)
  await using again = await open(memoryCustody(createSigningKey(new Uint8Array(32).fill(9))))
  expect(await again.authority.register(CALLER, request)).toMatchObject({ expiresIn: 600 })
})
