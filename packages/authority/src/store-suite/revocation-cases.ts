import { deepStrictEqual as equal, rejects } from "node:assert/strict"
import type { ListedRevocation, Revocation } from "../records.ts"
import { ConflictError, REVOCATION_ERA, type Store } from "../store.ts"
import { agent, digestOf, launchToken, listedDigests, revocation, START } from "./fixtures.ts"
import type { StoreCase } from "./store-suite.ts"

const list = (store: Store, entry: Revocation, once = false) =>
  store.commit({ writes: [{ type: "revoke", revocation: entry, once }], events: [] })

const entryOf = (seq: number, entry: Revocation): ListedRevocation => ({
  seq,
  level: entry.level,
  digest: Buffer.from(digestOf(entry), "hex").toString("base64url"),
  expiresAt: entry.expiresAt,
})

export const revocationCases: readonly StoreCase[] = [
  {
    name: "a revocation is told of before its commit is answered, once, and listing it again changes nothing",
    async run({ open }) {
      await using store = await open()
      const told: Revocation[] = []
      const listed: ListedRevocation[] = []
      store.onRevocation((entry) => told.push(entry))
      store.onListed((entries) => listed.push(...entries))
      const entry = revocation({ level: "task", target: "t-1", expiresAt: null, forgetAt: null })
      await list(store, entry)
      equal(told, [entry])
      equal(listed, [entryOf(1, entry)])
      await list(store, { ...entry, revokedAt: START + 9 })
      await list(store, { ...entry, expiresAt: START, forgetAt: START })
      equal(await listedDigests(store), [digestOf(entry)])
      equal(await store.revocationCount(), 1)
      equal(listed.length, 1)
      await rejects(
        list(store, entry, true),
        (error) => error instanceof ConflictError && error.code === "already_revoked",
      )
    },
  },
  {
    name: "an entry that would have stopped mattering earlier is listed anew with the later end, and the head never goes down",
    async run({ open }) {
      const store = await open()
      const short = revocation({ expiresAt: START, forgetAt: START })
      const long = { ...short, expiresAt: START + 1, forgetAt: START + 1 }
      const forever = { ...short, expiresAt: null, forgetAt: null }
      for (const entry of [short, long, short, forever, long]) await list(store, entry)
      equal(await store.revocationsAfter(0, 10, 0), { entries: [entryOf(3, forever)], head: 3 })
      await store.close()
      await using again = await open()
      equal(await again.revocationsAfter(3, 10, 0), { entries: [], head: 3 })
    },
  },
  {
    name: "the list is read in stretches, without what matters no more",
    async run({ open }) {
      await using store = await open()
      equal(await store.revocationsAfter(0, 10, START), { entries: [], head: 0 })
      const entries = Array.from({ length: 5 }, (_, at) => revocation({ expiresAt: START + at }))
      await Promise.all(entries.map((entry) => list(store, entry)))
      const all = entries.map((entry, at) => entryOf(at + 1, entry))
      equal(await store.revocationsAfter(0, 10, 0), { entries: all, head: 5 })
      equal(await store.revocationsAfter(1, 2, 0), { entries: all.slice(1, 3), head: 5 })
      equal(await store.revocationsAfter(0, 10, START + 2), { entries: all.slice(3), head: 5 })
      equal(await store.revocationsAfter(5, 10, 0), { entries: [], head: 5 })
    },
  },
  {
    name: "what is undone with its change is not told of, and takes no number",
    async run({ open }) {
      await using store = await open()
      const listed: ListedRevocation[] = []
      store.onListed((entries) => listed.push(...entries))
      const [first, undone, last] = [revocation(), revocation(), revocation()]
      await list(store, first)
      await Promise.allSettled([
        store.commit({
          writes: [
            { type: "revoke", revocation: undone },
            { type: "revoke", revocation: first, once: true },
          ],
          events: [],
        }),
        list(store, last),
      ])
      equal(listed, [entryOf(1, first), entryOf(2, last)])
    },
  },
  {
    name: "what requires a token that is not revoked is not made once it is, in the same flush either",
    async run({ open }) {
      await using store = await open()
      const [entry, other] = [revocation(), revocation()]
      const use = (jti: string) => store.commit({ writes: [{ type: "require_unrevoked", jti }], events: [] })
      const [before, , after, unrelated] = await Promise.allSettled([
        use(entry.target),
        list(store, entry),
        use(entry.target),
        use(other.target),
      ])
      equal([before.status, after.status, unrelated.status], ["fulfilled", "rejected", "fulfilled"])
      await rejects(use(entry.target), (error) => error instanceof ConflictError && error.code === "already_revoked")
    },
  },
  {
    name: "an era moves every revocation and the head behind all numbers of the one before, and forgets launch tokens",
    async run({ open }) {
      const store = await open()
      const begin = () => store.commit({ writes: [{ type: "begin_era" }], events: [] })
      await begin()
      equal((await store.revocationsAfter(0, 10, 0)).head, REVOCATION_ERA)
      const [first, second] = [revocation(), revocation()]
      const token = launchToken()
      await list(store, first)
      await store.commit({ writes: [{ type: "add_launch_token", launchToken: token }], events: [] })
      await begin()
      equal(await store.launchToken(token.hash), undefined)
      await list(store, second)
      const start = 2 * REVOCATION_ERA
      const all = { entries: [entryOf(start + 1, first), entryOf(start + 2, second)], head: start + 2 }
      equal(await store.revocationsAfter(0, 10, 0), all)
      await store.close()
      await using again = await open()
      equal(await again.revocationsAfter(0, 10, 0), all)
      equal((await listedDigests(again)).sort(), [digestOf(first), digestOf(second)].sort())
    },
  },
  {
    name: "the end is known of tokens that agents hold and of delegated ones, until these are forgotten",
    async run({ open }) {
      await using store = await open()
      const registered = agent()
      await store.commit({ writes: [{ type: "add_agent", agent: registered }], events: [] })
      equal(await store.tokenEnd(registered.jti), registered.expiresAt)
      const next = { toJti: "b".repeat(32), expiresAt: START + 1 }
      const { agentId, jti: fromJti } = registered
      await store.commit({ writes: [{ type: "replace_token", agentId, fromJti, ...next }], events: [] })
      equal(await store.tokenEnd(fromJti), undefined)
      equal(await store.tokenEnd(next.toJti), next.expiresAt)
      const delegated = ["c", "d", "e"].map((digit, at) => ({ jti: digit.repeat(32), expiresAt: START + at }))
      const writes = delegated.map((each) => ({ type: "add_delegated_token", ...each }) as const)
      await store.commit({ writes, events: [] })
      const ends = () => Promise.all(delegated.map(({ jti }) => store.tokenEnd(jti)))
      equal(await ends(), [START, START + 1, START + 2])
      equal([await store.pruneDelegatedTokens(START + 2, 1), await store.pruneDelegatedTokens(START + 2, 9)], [1, 1])
      equal(await ends(), [undefined, undefined, START + 2])
    },
  },
]
