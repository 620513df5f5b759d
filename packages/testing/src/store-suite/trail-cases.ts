import { deepStrictEqual as equal, rejects } from "node:assert/strict"
import { canonicalEvent, leafHash, rootOf, verifyTrail } from "@agentwrit/audit"
import type { EventQuery, Store, TreeHead } from "@agentwrit/authority/ports"
import { agent, digestOf, draft, launchToken, revocation, revokedDigests } from "../fixtures.ts"
import { START } from "../settable-clock.ts"
import type { StoreCase } from "./store-case.ts"

const page = (filters: Partial<EventQuery> = {}): EventQuery => ({ limit: 1000, offset: 0, ...filters })
const ids = async (store: Store, filters: Partial<EventQuery>) => {
  const { events, total } = await store.trail.events(page(filters))
  return { ids: events.map(({ id }) => Number(id.slice(4))), total }
}
const sign = ({ size, root }: TreeHead): string => `${size} ${Buffer.from(root).toString("hex")}`

export const trailCases: readonly StoreCase[] = [
  {
    name: "events are chained in the order of their commits, and the chain verifies",
    async run({ open }) {
      await using store = await open()
      await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          store.commit({ writes: [], events: [draft({ detail: `${at} a` }), draft({ detail: `${at} b` })] }),
        ),
      )
      const { events, total } = await store.trail.events(page())
      equal(total, 200)
      equal(await store.trail.size(), 200)
      const report = await verifyTrail(events)
      equal(report.ok, true)
      for (const [at, { detail }] of events.entries())
        if (detail.endsWith("a")) equal(events[at + 1]?.detail, detail.replace("a", "b"))
    },
  },
  {
    name: "the trail verifies up to its newest checkpoint, slowly or at once, and an aborted verification rejects",
    async run({ open }) {
      await using store = await open()
      await store.commit({ writes: [], events: [draft(), draft()] })
      await store.trail.seal(sign)
      const { signal } = new AbortController()
      equal(await store.trail.verify(signal), undefined)
      equal(await store.trail.verify(signal, { atOnce: true }), undefined)
      await rejects(store.trail.verify(AbortSignal.abort()))
    },
  },
  {
    name: "tables that only the store changed match their seal, and an aborted comparison rejects",
    async run({ open }) {
      const key = new Uint8Array(32).fill(7)
      const { signal } = new AbortController()
      const spend = { type: "spend_nonce", nonce: new Uint8Array(32), expiresAt: START } as const
      const revoke = () => ({ type: "revoke", revocation: revocation() }) as const
      const first = await open()
      if (!(await first.trail.openSeal(key))) await first.trail.acceptTables()
      await first.commit({
        writes: [{ type: "add_launch_token", launchToken: launchToken() }, spend],
        events: [draft()],
      })
      await first.housekeeping.close()

      await using store = await open()
      // A store without a seal has its tables verified at each start.
      if (!(await store.trail.openSeal(key))) return
      await store.commit({ writes: [revoke()], events: [] })
      // One of two commits that share a transaction is undone.
      const undone = store.commit({ writes: [revoke(), spend], events: [draft()] })
      await Promise.all([rejects(undone), store.commit({ writes: [revoke()], events: [draft()] })])
      await store.housekeeping.prune("launch_tokens", START + 30_001, 10)
      equal(await store.trail.tablesMatch(key, signal), true)
      await store.trail.acceptTables()
      equal(await store.trail.tablesMatch(key, signal), true)
      await rejects(store.trail.tablesMatch(key, AbortSignal.abort()))
    },
  },
  {
    name: "a commit answers its events as the trail holds them",
    async run({ open, clock }) {
      await using store = await open()
      const full = draft({
        agent_id: "app:app-x-0a1b2c",
        task_id: "t-1",
        orch_id: "crm",
        detail: 'é " \\ \u2028 😀',
        resource: "/v1/register",
        outcome: "denied",
        deleg_depth: 2,
        deleg_chain_hash: "a".repeat(64),
        bytes_transferred: 12,
      })
      const { events } = await store.commit({ writes: [], events: [full, draft()] })
      equal((await store.trail.events(page())).events, events)
      equal(events[0]?.timestamp, new Date(clock.now()).toISOString())
      equal("task_id" in (events[1] ?? {}), false)
    },
  },
  {
    name: "a query filters, pages and counts",
    async run({ open, clock }) {
      await using store = await open()
      for (let at = 0; at < 6; at++) {
        clock.set(START + at * 1000)
        await store.commit({
          writes: [],
          events: [
            draft({
              agent_id: at % 2 === 0 ? "app:even" : "app:odd",
              task_id: at < 3 ? "low" : "high",
              ...(at === 5 ? ({ event_type: "token_revoked", outcome: "denied" } as const) : {}),
            }),
          ],
        })
      }
      equal(await ids(store, {}), { ids: [1, 2, 3, 4, 5, 6], total: 6 })
      equal(await ids(store, { agentId: "app:even" }), { ids: [1, 3, 5], total: 3 })
      equal(await ids(store, { taskId: "high", agentId: "app:even" }), { ids: [5], total: 1 })
      equal(await ids(store, { eventType: "token_revoked" }), { ids: [6], total: 1 })
      equal(await ids(store, { outcome: "success" }), { ids: [1, 2, 3, 4, 5], total: 5 })
      equal(await ids(store, { since: START + 1000, until: START + 3000 }), { ids: [2, 3, 4], total: 3 })
      equal(await ids(store, { after: 4 }), { ids: [5, 6], total: 2 })
      equal(await ids(store, { limit: 2, offset: 3 }), { ids: [4, 5], total: 6 })
      equal(await ids(store, { offset: 99 }), { ids: [], total: 6 })
      equal(await ids(store, { agentId: "app:none" }), { ids: [], total: 0 })
    },
  },
  {
    name: "a checkpoint covers every earlier commit, and each size is signed once",
    async run({ open }) {
      await using store = await open()
      const answers = await Promise.all([
        store.commit({ writes: [], events: [draft(), draft()] }),
        store.trail.seal(sign),
        store.commit({ writes: [], events: [draft()] }),
        store.trail.seal(sign),
      ])
      const { events } = await store.trail.events(page())
      const leaves = events.map((event) => leafHash(canonicalEvent(event)))
      for (const checkpoint of [answers[1], answers[3]]) {
        equal(Buffer.from(checkpoint.root), Buffer.from(rootOf(leaves.slice(0, checkpoint.size))))
        equal(checkpoint.note, sign(checkpoint))
      }
      equal([answers[1].size, answers[3].size], [2, 3])
      equal(await store.trail.seal(() => "another signature"), answers[3])
      equal(await store.trail.checkpoint(), answers[3])
      equal(await store.trail.checkpoint(2), answers[1])
      equal(await store.trail.checkpoint(1), undefined)
      await store.trail.forgetCheckpoints(3)
      equal(await store.trail.checkpoint(2), undefined)
      equal(await store.trail.checkpoint(3), answers[3])
    },
  },
  {
    name: "everything is there after closing and opening, and the trail continues",
    async run({ open }) {
      const token = launchToken()
      const registered = agent()
      const listed = revocation({ expiresAt: null, level: "agent", target: registered.agentId })
      const nonce = new Uint8Array(32).fill(9)
      const spend = { type: "spend_nonce", nonce, expiresAt: START } as const
      const first = await open()
      await first.commit({
        writes: [
          { type: "add_launch_token", launchToken: token },
          { type: "use_launch_token", hash: token.hash, at: START },
          { type: "add_agent", agent: registered },
          { type: "revoke", revocation: listed },
          spend,
        ],
        events: [draft()],
      })
      const sealed = await first.trail.seal(sign)
      await first.commit({ writes: [], events: [draft()] })
      await first.housekeeping.close()

      await using store = await open()
      equal(await store.records.launchToken(token.hash), { ...token, uses: 1, spentAt: START })
      equal(await store.records.agent(registered.agentId), registered)
      equal(await revokedDigests(store), [digestOf(listed)])
      equal(await store.trail.checkpoint(), sealed)
      const { writable, trailSize, trailProblem } = store.housekeeping.health()
      equal({ writable, trailSize, trailProblem }, { writable: true, trailSize: 2, trailProblem: undefined })
      equal((await Promise.allSettled([store.commit({ writes: [spend], events: [] })]))[0].status, "rejected")
      await store.commit({ writes: [], events: [draft()] })
      const { events } = await store.trail.events(page())
      equal((await verifyTrail(events)).ok, true)
      equal(events.length, 3)
      const root = rootOf(events.map((event) => leafHash(canonicalEvent(event))))
      equal((await store.trail.seal(sign)).note, sign({ size: 3, root }))
    },
  },
]
