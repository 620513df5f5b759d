import { deepStrictEqual as equal, ok } from "node:assert/strict"
import type { RevocationEntry, RevocationFollower } from "@agentwrit/authority/ports"
import { revocation } from "../fixtures.ts"
import { START } from "../settable-clock.ts"
import { entryOf, plain, revoke } from "./revoke.ts"
import type { StoreCase } from "./store-case.ts"

/** A follower that remembers its entries. */
function recorder(): RevocationFollower & { readonly entries: RevocationEntry[]; readonly batches: number[] } {
  const entries: RevocationEntry[] = []
  const batches: number[] = []
  return {
    entries,
    batches,
    append(appended) {
      entries.push(...appended.map(plain))
      batches.push(appended.length)
    },
  }
}

export const followCases: readonly StoreCase[] = [
  {
    name: "a follower gets stored and new entries from any position, in order and without a gap",
    async run({ open }) {
      await using store = await open()
      const revocations = Array.from({ length: 9 }, () => revocation())
      const all = revocations.map((each, at) => entryOf(at + 1, each))
      const stored = revocations.slice(0, 5)
      for (const each of stored) await revoke(store, each)
      const followers = [0, 3, 5].map((from) => ({ from, follower: recorder() }))
      const followings = await Promise.all(
        followers.map(({ from, follower }) => store.revocations.follow(from, follower)),
      )
      for (const { from, follower } of followers) equal(follower.entries, all.slice(from, 5))
      equal(
        followings.map(({ applied }) => applied),
        [5, 5, 5],
      )
      await Promise.all(revocations.slice(5).map((each) => revoke(store, each)))
      for (const { from, follower } of followers) equal(follower.entries, all.slice(from))
      equal(
        followings.map(({ applied }) => applied),
        [9, 9, 9],
      )
    },
  },
  {
    name: "a follower that starts while revocations commit misses none and gets none twice",
    async run({ open }) {
      await using store = await open()
      const revocations = Array.from({ length: 1000 }, () => revocation())
      const followers: ReturnType<typeof recorder>[] = []
      const following: Promise<unknown>[] = []
      const commits = revocations.map(async (each, at) => {
        await revoke(store, each)
        if (at % 100 !== 0) return
        const follower = recorder()
        followers.push(follower)
        following.push(store.revocations.follow(0, follower))
      })
      await Promise.all(commits)
      await Promise.all(following)
      equal(followers.length, 10)
      for (const { entries } of followers)
        equal(
          entries.map(({ seq }) => seq),
          revocations.map((_, at) => at + 1),
        )
    },
  },
  {
    name: "the entries of one commit come in one batch",
    async run({ open }) {
      await using store = await open()
      const follower = recorder()
      await store.revocations.follow(0, follower)
      const writes = Array.from({ length: 3 }, () => ({ type: "revoke", revocation: revocation() }) as const)
      await store.commit({ writes, events: [] })
      equal(follower.batches, [3])
    },
  },
  {
    name: "a commit is answered after every follower has applied its entries",
    async run({ open }) {
      await using store = await open()
      const order: string[] = []
      const follow = (name: string) => store.revocations.follow(0, { append: () => order.push(name) })
      const followings = [await follow("first"), await follow("second")]
      await revoke(store, revocation())
      order.push("answer")
      equal(order, ["first", "second", "answer"])
      ok(followings.every(({ applied }) => applied === 1))
    },
  },
  {
    name: "a follower that has stopped gets nothing more",
    async run({ open }) {
      await using store = await open()
      const [stopped, other] = [recorder(), recorder()]
      const following = await store.revocations.follow(0, stopped)
      await store.revocations.follow(0, other)
      await revoke(store, revocation())
      following.stop()
      await revoke(store, revocation())
      equal([stopped.entries.length, other.entries.length], [1, 2])
      equal(following.applied, 1)
    },
  },
  {
    name: "an entry that is undone with its change reaches no follower and takes no position",
    async run({ open }) {
      await using store = await open()
      const follower = recorder()
      await store.revocations.follow(0, follower)
      const [first, undone, last] = [revocation(), revocation(), revocation()]
      await revoke(store, first)
      await Promise.allSettled([
        store.commit({
          writes: [
            { type: "revoke", revocation: undone },
            { type: "revoke", revocation: first, once: true },
          ],
          events: [],
        }),
        revoke(store, last),
      ])
      equal(follower.entries, [entryOf(1, first), entryOf(2, last)])
    },
  },
  {
    name: "a follower has applied the head of the log even when its newest entries are pruned",
    async run({ open }) {
      await using store = await open()
      const [kept, pruned] = [revocation(), revocation({ pruneAfter: START })]
      await revoke(store, kept)
      await revoke(store, pruned)
      await store.housekeeping.prune("revocations", START, 10)
      const follower = recorder()
      const { applied } = await store.revocations.follow(0, follower)
      equal(follower.entries, [entryOf(1, kept)])
      equal(applied, 2)
    },
  },
]
