import { deepStrictEqual as equal, rejects } from "node:assert/strict"
import { REVOCATION_ERA, type Revocation, type Store } from "@agentwrit/authority/ports"
import { digestOf, launchToken, revocation, revokedDigests } from "../fixtures.ts"
import { START } from "../settable-clock.ts"
import { conflict } from "./conflict.ts"
import { entryOf, pageOf, revoke } from "./revoke.ts"
import type { StoreCase } from "./store-case.ts"

export const revocationCases: readonly StoreCase[] = [
  {
    name: "revoking the same target again changes nothing, and fails with `once`",
    async run({ open }) {
      await using store = await open()
      const first = revocation({ level: "task", target: "t-1", expiresAt: null, pruneAfter: null })
      await revoke(store, first)
      await revoke(store, { ...first, revokedAt: START + 9 })
      await revoke(store, { ...first, expiresAt: START, pruneAfter: START })
      equal(await revokedDigests(store), [digestOf(first)])
      equal(await store.revocations.count(), 1)
      equal(await pageOf(store, 0, 10, 0), { entries: [entryOf(1, first)], head: 1 })
      await rejects(revoke(store, first, true), conflict("already_revoked"))
    },
  },
  {
    name: "a later expiry replaces the entry under a new position, and the head never goes back",
    async run({ open }) {
      const store = await open()
      const short = revocation({ expiresAt: START, pruneAfter: START })
      const long = { ...short, expiresAt: START + 1, pruneAfter: START + 1 }
      const forever = { ...short, expiresAt: null, pruneAfter: null }
      for (const each of [short, long, short, forever, long]) await revoke(store, each)
      equal(await pageOf(store, 0, 10, 0), { entries: [entryOf(3, forever)], head: 3 })
      await store.housekeeping.close()
      await using again = await open()
      equal(await pageOf(again, 3, 10, 0), { entries: [], head: 3 })
    },
  },
  {
    name: "the log is read in pages, without entries that no longer matter",
    async run({ open }) {
      await using store = await open()
      equal(await pageOf(store, 0, 10, START), { entries: [], head: 0 })
      const revocations = Array.from({ length: 5 }, (_, at) => revocation({ expiresAt: START + at }))
      await Promise.all(revocations.map((each) => revoke(store, each)))
      const all = revocations.map((each, at) => entryOf(at + 1, each))
      equal(await pageOf(store, 0, 10, 0), { entries: all, head: 5 })
      equal(await pageOf(store, 1, 2, 0), { entries: all.slice(1, 3), head: 5 })
      equal(await pageOf(store, 0, 10, START + 2), { entries: all.slice(3), head: 5 })
      equal(await pageOf(store, 5, 10, 0), { entries: [], head: 5 })
    },
  },
  {
    name: "a change that requires an unrevoked token fails once it is revoked, within the same flush too",
    async run({ open }) {
      await using store = await open()
      const [revoked, other] = [revocation(), revocation()]
      const use = ({ target }: Revocation) =>
        store.commit({ writes: [{ type: "require_unrevoked", jti: target }], events: [] })
      const results = await Promise.allSettled([use(revoked), revoke(store, revoked), use(revoked), use(other)])
      equal(
        results.map(({ status }) => status),
        ["fulfilled", "fulfilled", "rejected", "fulfilled"],
      )
      await rejects(use(revoked), conflict("already_revoked"))
    },
  },
  {
    name: "an era moves every revocation and the head past all earlier positions, and deletes launch tokens",
    async run({ open }) {
      const store = await open()
      await beginEra(store)
      equal((await pageOf(store, 0, 10, 0)).head, REVOCATION_ERA)
      const [first, second] = [revocation(), revocation()]
      const token = launchToken()
      await revoke(store, first)
      await store.commit({ writes: [{ type: "add_launch_token", launchToken: token }], events: [] })
      await beginEra(store)
      equal(await store.records.launchToken(token.hash), undefined)
      await revoke(store, second)
      const start = 2 * REVOCATION_ERA
      const all = { entries: [entryOf(start + 1, first), entryOf(start + 2, second)], head: start + 2 }
      equal(await pageOf(store, 0, 10, 0), all)
      await store.housekeeping.close()
      await using again = await open()
      equal(await pageOf(again, 0, 10, 0), all)
      equal(await revokedDigests(again), [digestOf(first), digestOf(second)])
    },
  },
]

const beginEra = (store: Store) => store.commit({ writes: [{ type: "begin_era" }], events: [] })
