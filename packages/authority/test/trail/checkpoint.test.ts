import { openCheckpoint, verifierKeyOf } from "@agentwrit/audit"
import { createSigningKey } from "@agentwrit/core"
import { MemoryStore } from "@agentwrit/store-memory"
import { describe, expect, test, vi } from "vitest"
import { type CheckpointAnchor, UnavailableError } from "../../src/index.ts"
import { AUDIT_KEY, CALLER, SECRET, testAuthority } from "../test-authority.ts"

const VERIFIER_KEY = verifierKeyOf("agentwrit.local/audit", AUDIT_KEY.publicKey)

/** An anchor with this note, which keeps every later one. */
function anchorOf(note?: string): CheckpointAnchor & { note: string | undefined } {
  return {
    note,
    async kept() {
      return this.note
    },
    async keep(newer) {
      this.note = newer
    },
  }
}

/** A store with a trail of some events and a checkpoint over it. */
async function closedTrail() {
  const store = new MemoryStore()
  const anchor = anchorOf()
  const on = await testAuthority({ store, anchor })
  const note = await on.authority.signedCheckpoint()
  const { size } = openCheckpoint(note, VERIFIER_KEY)
  return { store, anchor, note, size }
}

test("a checkpoint covers every answered commit, and is kept outside the store before it is answered", async () => {
  await using on = await testAuthority()
  await on.agent()
  const note = await on.authority.signedCheckpoint()
  expect(openCheckpoint(note, VERIFIER_KEY)).toMatchObject({ size: (await on.events()).length })
  expect(on.kept()).toBe(note)
  expect(await on.authority.signedCheckpoint()).toBe(note)
  await on.agent()
  expect(await on.authority.signedCheckpoint()).not.toBe(note)
})

test("one is signed a second after a commit, by the broker that holds the lease", async () => {
  vi.useFakeTimers()
  try {
    const store = new MemoryStore()
    const anchor = anchorOf()
    const on = await testAuthority({ store, anchor })
    await vi.advanceTimersByTimeAsync(999)
    expect(anchor.note).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(openCheckpoint(anchor.note ?? "", VERIFIER_KEY).size).toBe(1)
    vi.spyOn(store.housekeeping, "withLease").mockResolvedValueOnce(undefined)
    await on.authority.signInAdmin(CALLER, SECRET)
    await vi.advanceTimersByTimeAsync(5000)
    expect(openCheckpoint(anchor.note ?? "", VERIFIER_KEY).size).toBe(1)
    await on.authority.close()
    expect(openCheckpoint(anchor.note ?? "", VERIFIER_KEY).size).toBe(2)
  } finally {
    vi.useRealTimers()
  }
})

describe("while a checkpoint cannot be kept", () => {
  test("for now, none is answered", async () => {
    const failures: unknown[] = []
    const anchor = anchorOf()
    await using on = await testAuthority({ anchor, observer: { storeFailed: (what) => failures.push(what) } })
    vi.spyOn(anchor, "keep").mockRejectedValueOnce(new UnavailableError("busy", "the folder is away"))
    const detail = "the broker cannot store a checkpoint at the moment"
    const refusal = { code: "unavailable", detail, reason: "the folder is away", retryAfter: 1 } as const
    await on.refused(() => on.authority.signedCheckpoint(), refusal, [])
    expect(failures).toEqual(["checkpoint"])
    expect(await on.authority.signedCheckpoint()).toContain("agentwrit.local/audit")
  })

  test("because the kept one contradicts it, the trail is broken and none is signed any more", async () => {
    const anchor = anchorOf()
    await using on = await testAuthority({ anchor })
    vi.spyOn(anchor, "keep").mockRejectedValueOnce(new Error("it contradicts"))
    const problem = "the newest checkpoint could not be kept: it contradicts"
    await on.refused(() => on.authority.signedCheckpoint(), { code: "unavailable", reason: problem }, [])
    expect(on.authority.health()).toMatchObject({ status: "ok", auditChain: "broken", trailProblem: problem })
    const detail = "no checkpoint is signed while the trail does not verify"
    await on.refused(() => on.authority.signedCheckpoint(), { code: "unavailable", detail, retryAfter: 60 }, [])
  })
})

describe("an authority does not open over a trail", () => {
  test("that does not contain the kept checkpoint", async () => {
    const { anchor, size } = await closedTrail()
    const opening = testAuthority({ store: new MemoryStore(), anchor })
    await expect(opening).rejects.toMatchObject({
      name: "TrailContradictionError",
      code: "trail_contradicts_checkpoint",
      message: `the audit trail (0 events) does not contain the checkpoint of ${size} events that was signed over it: the database was put back to an older copy or changed`,
    })
  })

  test("whose kept checkpoint another key signed", async () => {
    const { store, anchor } = await closedTrail()
    const auditKey = createSigningKey(new Uint8Array(32).fill(9))
    await expect(testAuthority({ store, anchor, auditKey })).rejects.toMatchObject({ code: "kept_checkpoint_foreign" })
    await expect(testAuthority({ store, anchor: anchorOf("nonsense") })).rejects.toMatchObject({
      code: "kept_checkpoint_foreign",
      message: expect.stringMatching(
        /^the checkpoint kept beside the audit key is not one that this key signed for agentwrit\.local\/audit \(/,
      ),
    })
  })
})

test("a checkpoint that was committed but not kept, as by a crash, is kept at the next start", async () => {
  const { store, note } = await closedTrail()
  const anchor = anchorOf()
  const on = await testAuthority({ store, anchor })
  expect(anchor.note).toBe(note)
  await on.authority.close()
})

test("a stored checkpoint of another key makes the trail broken, and the authority keeps working", async () => {
  const { store } = await closedTrail()
  const auditKey = createSigningKey(new Uint8Array(32).fill(9))
  await using on = await testAuthority({ store, anchor: anchorOf(), auditKey })
  const { auditChain, trailProblem } = on.authority.health()
  expect([auditChain, trailProblem]).toEqual([
    "broken",
    expect.stringMatching(/^the trail's checkpoint of \d+ events does not open: /),
  ])
  expect(await on.agent()).toBeDefined()
})

describe("a declared restore", () => {
  const origin = "agentwrit.local/audit/0123456789abcdef"
  const auditKey = createSigningKey(new Uint8Array(32).fill(9))

  test("is the first event of the new trail, and names the last known checkpoint and the new key", async () => {
    const { store, anchor, size } = await closedTrail()
    const fresh = anchorOf()
    const restore = { name: "2026-01-02", anchor, verifierKey: VERIFIER_KEY }
    await using on = await testAuthority({ store, anchor: fresh, auditKey, origin, restore })
    const restored = (await on.events())[size] ?? expect.fail()
    expect(restored).toMatchObject({ event_type: "trail_restored", outcome: "success" })
    const [declared, last, key] = restored.detail.split("; ")
    expect(declared).toBe(`restore 2026-01-02 declared: the trail was put back to ${size} events`)
    expect(last).toMatch(
      new RegExp(`^the last known checkpoint has ${size} events, root .+=, by agentwrit.local/audit$`),
    )
    expect(key).toContain(`from here on checkpoints are signed by ${origin}+`)
    expect(openCheckpoint(fresh.note ?? "", verifierKeyOf(origin, auditKey.publicKey)).size).toBe(size + 1)
  })

  test("begins an era of the feed and voids launch tokens", async () => {
    const store = new MemoryStore()
    const anchor = anchorOf()
    const before = await testAuthority({ store, anchor })
    const launchToken = await before.launch()
    await before.authority.revoke(CALLER, before.operator, { level: "task", target: "t-1" })
    await before.authority.signedCheckpoint()
    await using on = await testAuthority({
      store,
      anchor: anchorOf(),
      auditKey,
      origin,
      restore: { name: "one", anchor },
    })
    expect((await store.revocations.page(0, 10, 0)).entries).toMatchObject([{ seq: 2 ** 40 + 1 }])
    const attempt = () => on.authority.register(CALLER, on.request(launchToken))
    const denied = [{ event_type: "registration_policy_violation" } as const]
    await on.refused(attempt, { code: "unauthorized", reason: "launch token is unknown" }, denied)
  })

  test("of nothing is refused", async () => {
    const restore = { name: "one", anchor: anchorOf(), verifierKey: VERIFIER_KEY }
    await expect(testAuthority({ restore, auditKey, origin })).rejects.toMatchObject({
      name: "RestoreError",
      code: "nothing_restored",
      message: "a restore is declared, but the database is empty and no checkpoint of an earlier one is kept",
    })
  })

  test("of a damaged trail is refused, and changes nothing", async () => {
    const { store, anchor, size } = await closedTrail()
    vi.spyOn(store.trail, "verify").mockResolvedValueOnce("event 1 was changed")
    const restore = { name: "one", anchor, verifierKey: VERIFIER_KEY }
    await expect(testAuthority({ store, restore, auditKey, origin, anchor: anchorOf() })).rejects.toMatchObject({
      code: "restored_trail_broken",
      message: "the restored audit trail does not verify: event 1 was changed. Restore another copy",
    })
    expect(await store.trail.size()).toBe(size)
  })
})

describe("the verification in the background", () => {
  const unverified = () => {
    const store = new MemoryStore()
    const { health } = store.housekeeping
    vi.spyOn(store.housekeeping, "health").mockImplementation(() => ({
      ...health.call(store.housekeeping),
      trailVerified: false,
    }))
    return store
  }

  test.each([
    [undefined, { auditChain: "ok" }],
    ["event 7 was changed", { auditChain: "broken", trailProblem: "event 7 was changed" }],
  ])("finds %s", async (problem, health) => {
    const store = unverified()
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    vi.spyOn(store.trail, "verify").mockReturnValueOnce(promise)
    const told: unknown[] = []
    await using on = await testAuthority({ store, observer: { trailVerified: (found) => told.push(found) } })
    expect(on.authority.health().auditChain).toBe("verifying")
    resolve(problem)
    await expect.poll(() => told).toEqual([problem])
    expect(on.authority.health()).toMatchObject(health)
  })

  test("is tried again when it fails or another broker holds the lease", async () => {
    vi.useFakeTimers()
    try {
      const store = unverified()
      const verify = vi.spyOn(store.trail, "verify").mockRejectedValueOnce(new Error("the thread ended"))
      vi.spyOn(store.housekeeping, "withLease").mockResolvedValueOnce(undefined)
      const told: unknown[] = []
      const observer = {
        trailUnverified: (cause: unknown) => told.push(String(cause)),
        trailVerified: () => told.push("ok"),
      }
      const on = await testAuthority({ store, observer })
      await vi.advanceTimersByTimeAsync(59_000)
      expect(verify).not.toHaveBeenCalled()
      await vi.advanceTimersByTimeAsync(2_000)
      expect(told).toEqual(["Error: the thread ended"])
      await vi.advanceTimersByTimeAsync(60_000)
      expect(told).toEqual(["Error: the thread ended", "ok"])
      const closed = on.authority.close()
      await vi.advanceTimersByTimeAsync(100)
      await closed
    } finally {
      vi.useRealTimers()
    }
  })
})
