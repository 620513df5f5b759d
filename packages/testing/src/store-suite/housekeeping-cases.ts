import { deepStrictEqual as equal, rejects } from "node:assert/strict"
import type { Prunable, Store, Write } from "@agentwrit/authority/ports"
import { digestOf, hash, launchToken, revocation, revokedDigests } from "../fixtures.ts"
import { START } from "../settable-clock.ts"
import { conflict } from "./conflict.ts"
import type { StoreCase } from "./store-case.ts"

/**
 * Stores three records that expire at START, START + 1 and START + 2, then prunes one, and all that is due at START +
 * 2.
 */
async function pruned(store: Store, what: Prunable, writeOf: (expiresAt: number) => Write): Promise<readonly number[]> {
  await store.commit({ writes: [0, 1, 2].map((at) => writeOf(START + at)), events: [] })
  const { housekeeping } = store
  return [
    await housekeeping.prune(what, START + 2, 1),
    await housekeeping.prune(what, START + 2, 10),
    await housekeeping.prune(what, START + 2, 10),
  ]
}

export const housekeepingCases: readonly StoreCase[] = [
  {
    name: "nonces are pruned that expired before an instant, and can be spent again",
    async run({ open }) {
      await using store = await open()
      const spend = (expiresAt: number): Write => {
        const nonce = new Uint8Array(32).fill(expiresAt - START)
        return { type: "spend_nonce", nonce, expiresAt }
      }
      equal(await pruned(store, "nonces", spend), [1, 1, 0])
      await store.commit({ writes: [spend(START), spend(START + 1)], events: [] })
      await rejects(store.commit({ writes: [spend(START + 2)], events: [] }), conflict("nonce_spent"))
    },
  },
  {
    name: "launch tokens are pruned that expired before an instant",
    async run({ open }) {
      await using store = await open()
      const hashAt = (expiresAt: number) => hash(String(expiresAt))
      const counts = await pruned(store, "launch_tokens", (expiresAt) => ({
        type: "add_launch_token",
        launchToken: launchToken({ hash: hashAt(expiresAt), expiresAt }),
      }))
      equal(counts, [1, 1, 0])
      const found = await Promise.all([0, 1, 2].map((at) => store.records.launchToken(hashAt(START + at))))
      equal(
        found.map((token) => token?.expiresAt),
        [undefined, undefined, START + 2],
      )
    },
  },
  {
    name: "issued tokens are pruned that expired before an instant",
    async run({ open }) {
      await using store = await open()
      const add = (expiresAt: number): Write => ({
        type: "add_token",
        token: { jti: String(expiresAt), expiresAt, revokedBy: ["task:t-1"] },
      })
      equal(await pruned(store, "tokens", add), [1, 1, 0])
      const found = await Promise.all([0, 1, 2].map((at) => store.records.tokenExpiry(String(START + at))))
      equal(found, [undefined, undefined, START + 2])
      const { affected } = await store.records.startCount({ level: "task", target: "t-1" }, START)
      equal(await affected, { agents: 0, tokens: 1 })
    },
  },
  {
    name: "revocations are pruned from the instant that they name, and those without one stay",
    async run({ open }) {
      await using store = await open()
      const [first, second, later, forever] = [
        revocation({ pruneAfter: START }),
        revocation({ pruneAfter: START + 1 }),
        revocation({ pruneAfter: START + 2 }),
        revocation({ expiresAt: null, pruneAfter: null }),
      ]
      const writes = [first, second, later, forever].map((each) => ({ type: "revoke", revocation: each }) as const)
      await store.commit({ writes, events: [] })
      equal(await store.housekeeping.prune("revocations", START + 1, 1), 1)
      equal(await store.housekeeping.prune("revocations", START + 1, 10), 1)
      equal(await revokedDigests(store), [digestOf(later), digestOf(forever)])
      equal(await store.revocations.count(), 2)
      equal((await store.revocations.page(0, 10, 0)).head, 4)
    },
  },
  {
    name: "work runs under a lease, and its result and error are passed on",
    async run({ open }) {
      await using store = await open()
      const { housekeeping } = store
      equal(await housekeeping.withLease("maintenance", async () => 7), 7)
      await rejects(
        housekeeping.withLease("maintenance", () => Promise.reject(new RangeError("too many"))),
        RangeError,
      )
      equal(await housekeeping.withLease("maintenance", async () => 8), 8)
      equal(await housekeeping.withLease("sealing", () => housekeeping.withLease("verification", async () => 9)), 9)
    },
  },
]
