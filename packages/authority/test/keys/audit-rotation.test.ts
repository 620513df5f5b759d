import { openCheckpoint, parseVerifierKey, TrailKeys, verifierKeyOf, verifyTrail } from "@agentwrit/audit"
import { createSigningKey, type SigningKey } from "@agentwrit/core"
import { MemoryData } from "@agentwrit/store-memory"
import { settableClock } from "@agentwrit/testing/settable-clock"
import { describe, expect, test } from "vitest"
import { type AuditCustody, deriveRecordsKey, UnavailableError } from "../../src/index.ts"
import { fullDisk, InterceptedStore } from "../intercepted-store.ts"
import { AUDIT_KEY, CALLER, testAuthority } from "../test-authority.ts"

type Setting = Awaited<ReturnType<typeof testAuthority>>

const ORIGIN = "agentwrit.local/audit"
const PINNED = verifierKeyOf(ORIGIN, AUDIT_KEY.publicKey)
const seedOf = (fill: number) => createSigningKey(new Uint8Array(32).fill(fill))

/** An audit key that lasts, as in files, and whose custody can fail. */
class LastingKey implements AuditCustody {
  current = AUDIT_KEY
  upcoming: SigningKey | undefined
  failing: "create" | "promote" | undefined
  made = 0

  next = async () => this.upcoming

  async create(): Promise<SigningKey> {
    if (this.failing === "create") throw new UnavailableError("full", "the disk is full")
    this.upcoming = seedOf(100 + ++this.made)
    return this.upcoming
  }

  async promote(): Promise<void> {
    if (this.failing === "promote") throw new UnavailableError("full", "the disk is full")
    this.current = this.upcoming ?? this.current
    this.upcoming = undefined
  }
}

/** A store, an anchor and an audit key that several authorities use, one after the other. */
function lasting() {
  const clock = settableClock()
  const data = new MemoryData()
  const custody = new LastingKey()
  let note: string | undefined
  const anchor = {
    kept: async () => note,
    async keep(newer: string) {
      note = newer
    },
  }
  const open = (store = new InterceptedStore({ data, clock })) =>
    testAuthority({
      store,
      clock,
      anchor,
      auditKey: custody.current,
      auditCustody: custody,
      recordsKey: deriveRecordsKey(AUDIT_KEY),
    })
  return { custody, open, kept: () => note ?? "" }
}

const rotate = (on: Setting) => on.authority.rotateAuditKey(CALLER, on.operator)

/** Verifies the trail and its present checkpoint with the key that was pinned before everything. */
async function verified(on: Setting): Promise<boolean> {
  const keys = new TrailKeys([PINNED])
  const notes = [await on.authority.signedCheckpoint()]
  return (await verifyTrail(await on.events(), { signed: { keys, notes } })).ok
}

const rotations = async (on: Setting) =>
  (await on.events()).filter(({ event_type, outcome }) => event_type === "key_rotated" && outcome === "success")

test("a rotation: an event with a bridge, a checkpoint of both keys over it, then the new key signs alone", async () => {
  const { custody, open, kept } = lasting()
  await using on = await open()
  await on.agent()
  const { verifierKey } = await rotate(on)
  const next = parseVerifierKey(verifierKey)
  for (const key of [PINNED, next]) expect(openCheckpoint(kept(), key).size).toBe((await on.events()).length)
  const [event] = await rotations(on)
  expect(event).toMatchObject({
    actor: "admin",
    detail: `audit key: from here on checkpoints are signed by ${verifierKey}`,
  })
  expect(verifierKeyOf(ORIGIN, custody.current.publicKey).id).toBe(next.id)
  await on.agent()
  const note = await on.authority.signedCheckpoint()
  expect(openCheckpoint(note, next).size).toBe((await on.events()).length)
  expect(() => openCheckpoint(note, PINNED)).toThrow("has no signature of the key")
  expect(await verified(on)).toBe(true)
})

test("what was sealed and what was under way stays good: records, nonces, and a second rotation", async () => {
  const { open } = lasting()
  let on = await open()
  const launched = await on.launch()
  const nonce = on.request(launched)
  await rotate(on)
  await rotate(on)
  await on.authority.close()
  on = await open()
  await on.authority.register(CALLER, nonce)
  expect(await verified(on)).toBe(true)
  expect(await rotations(on)).toHaveLength(2)
  await on.authority.close()
})

describe("a crash", () => {
  test("after the key was made leaves the former key; the next rotation makes another", async () => {
    const { custody, open } = lasting()
    const store = new InterceptedStore({ data: new MemoryData() })
    await using on = await open(store)
    store.beforeWrite = undefined
    await custody.create()
    await using again = await open(store)
    expect(await rotations(again)).toEqual([])
    expect(openCheckpoint(await again.authority.signedCheckpoint(), PINNED).origin).toBe(ORIGIN)
    await rotate(on)
    expect(custody.made).toBe(2)
  })

  test("before the new key is in its place is finished by the next start", async () => {
    const { custody, open } = lasting()
    const on = await open()
    custody.failing = "promote"
    await expect(rotate(on)).rejects.toMatchObject({ code: "unavailable", retryAfter: 1 })
    expect(custody.current).toBe(AUDIT_KEY)
    // Both sign until then.
    const both = await on.authority.signedCheckpoint()
    expect(openCheckpoint(both, PINNED).size).toBeGreaterThan(0)
    expect(await verified(on)).toBe(true)
    custody.failing = undefined
    await using again = await open()
    expect(custody.current).not.toBe(AUDIT_KEY)
    expect(await rotations(again)).toHaveLength(1)
    expect(await verified(again)).toBe(true)
  })

  test("or before a fault is gone is finished by the next call, with one event", async () => {
    const { custody, open } = lasting()
    await using on = await open()
    custody.failing = "promote"
    await expect(rotate(on)).rejects.toMatchObject({ code: "unavailable" })
    custody.failing = undefined
    await rotate(on)
    expect(await rotations(on)).toHaveLength(1)
    expect(await verified(on)).toBe(true)
  })
})

test("a start with the former audit key is refused, although the newest checkpoint opens with it", async () => {
  const { custody, open } = lasting()
  const on = await open()
  await rotate(on)
  custody.current = AUDIT_KEY
  await expect(open()).rejects.toMatchObject({ code: "audit_key_rotated_out" })
})

describe("a rotation is refused, and nothing changes,", () => {
  test("while custody cannot keep a key", async () => {
    const { custody, open } = lasting()
    await using on = await open()
    custody.failing = "create"
    const refusal = { code: "unavailable", detail: "the broker cannot keep a new audit key at the moment" } as const
    await expect(rotate(on)).rejects.toMatchObject(refusal)
    expect(openCheckpoint(await on.authority.signedCheckpoint(), PINNED).origin).toBe(ORIGIN)
  })

  test("while the store cannot commit; afterwards it goes on with the same key", async () => {
    const { custody, open } = lasting()
    const store = new InterceptedStore({ data: new MemoryData() })
    await using on = await open(store)
    store.failure = fullDisk()
    await expect(rotate(on)).rejects.toMatchObject({ code: "unavailable" })
    store.failure = undefined
    expect(await rotations(on)).toEqual([])
    await rotate(on)
    expect([custody.made, (await rotations(on)).length]).toEqual([1, 1])
    expect(await verified(on)).toBe(true)
  })

  test("while another one is under way", async () => {
    const { open } = lasting()
    await using on = await open()
    const outcomes = await Promise.allSettled([rotate(on), rotate(on)])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"])
    expect(outcomes.find((outcome) => outcome.status === "rejected")?.reason).toMatchObject({ code: "conflict" })
    expect(await rotations(on)).toHaveLength(1)
  })

  test("by a host that keeps the key for itself", async () => {
    await using on = await testAuthority()
    const hint = expect.stringContaining("move it to a folder that the broker can write")
    await on.refused(() => rotate(on), { code: "conflict", hint }, [{ event_type: "key_rotated" }])
  })
})
