import { deepStrictEqual as equal } from "node:assert/strict"
import type { AgentQuery, Store } from "@agentwrit/authority/ports"
import { agent, revocation } from "../fixtures.ts"
import { START } from "../settable-clock.ts"
import { revoke } from "./revoke.ts"
import type { StoreCase } from "./store-case.ts"

const NOW = START + 10_000

async function found({ records }: Store, filters: Partial<AgentQuery> = {}) {
  const { agents, total } = await records.agents({ limit: 1000, offset: 0, ...filters }, NOW)
  return { ids: agents.map(({ agentId }) => agentId), total }
}

export const agentCases: readonly StoreCase[] = [
  {
    name: "agents are listed newest first, filtered, paged and counted",
    async run({ open }) {
      await using store = await open()
      const [a, b, c] = [
        agent({ taskId: "t-1" }),
        agent({ taskId: "t-2", appId: "app-x-0a1b2c" }),
        agent({ taskId: "t-2", orchId: "hr" }),
      ]
      for (const each of [a, b, c]) await store.commit({ writes: [{ type: "add_agent", agent: each }], events: [] })
      equal(await found(store), { ids: [c.agentId, b.agentId, a.agentId], total: 3 })
      equal(await found(store, { limit: 1, offset: 1 }), { ids: [b.agentId], total: 3 })
      equal(await found(store, { taskId: "t-2" }), { ids: [c.agentId, b.agentId], total: 2 })
      equal(await found(store, { taskId: "t-2", orchId: "crm" }), { ids: [b.agentId], total: 1 })
      equal(await found(store, { appId: "app-x-0a1b2c" }), { ids: [b.agentId], total: 1 })
      equal(await found(store, { appId: "app-y-0a1b2c" }), { ids: [], total: 0 })
      const { agents } = await store.records.agents({ limit: 1, offset: 1 }, NOW)
      const { agentId, orchId, taskId, appId, scope, registeredAt, expiresAt } = b
      equal(agents, [{ agentId, orchId, taskId, appId, scope, registeredAt, expiresAt, status: "active" }])
    },
  },
  {
    name: "an agent's status follows from what ended it",
    async run({ open }) {
      await using store = await open()
      const active = agent()
      const expired = agent({ expiresAt: NOW })
      const released = agent()
      const byToken = agent()
      const byAgent = agent({ expiresAt: NOW - 1 })
      const byTask = agent({ taskId: "t-bad" })
      const appId = "app-bad-0a1b2c"
      const [byApp, afterwards] = [agent({ appId }), agent({ appId, registeredAt: START + 1000 })]
      for (const each of [active, expired, released, byToken, byAgent, byTask, byApp])
        await store.commit({ writes: [{ type: "add_agent", agent: each }], events: [] })
      const { agentId, jti } = released
      await store.commit({
        writes: [
          { type: "revoke", revocation: revocation({ target: jti }), once: true },
          { type: "release_agent", agentId, jti, at: START + 1 },
          { type: "revoke", revocation: revocation({ target: byToken.jti }) },
          { type: "revoke", revocation: revocation({ level: "agent", target: byAgent.agentId }) },
          { type: "revoke", revocation: revocation({ level: "task", target: byTask.taskId }) },
          { type: "revoke", revocation: revocation({ level: "chain", target: active.agentId }) },
          { type: "revoke", revocation: revocation({ level: "app", target: appId, before: START / 1000 }) },
        ],
        events: [],
      })
      equal(await store.records.tokenRevokedAt(byToken.jti), START)
      equal(await store.records.tokenRevokedAt(active.jti), undefined)
      equal(await found(store, { status: "active" }), { ids: [active.agentId], total: 1 })
      equal(await store.records.activeAgents(NOW), 1)
      equal(await store.records.activeAgents(NOW - 1), 2)
      equal(await store.records.activeAgents(active.expiresAt), 0)
      equal(await found(store, { status: "expired" }), { ids: [expired.agentId], total: 1 })
      equal(await found(store, { status: "released" }), { ids: [agentId], total: 1 })
      equal(await found(store, { status: "revoked" }), {
        ids: [byApp.agentId, byTask.agentId, byAgent.agentId, byToken.agentId],
        total: 4,
      })
      await store.commit({ writes: [{ type: "add_agent", agent: afterwards }], events: [] })
      equal(await found(store, { status: "active" }), { ids: [afterwards.agentId, active.agentId], total: 2 })
      const all = revocation({ level: "all", target: "*", before: START / 1000 })
      await revoke(store, all)
      equal(await found(store, { status: "active" }), { ids: [afterwards.agentId], total: 1 })
      equal(await store.records.activeAgents(NOW), 1)
    },
  },
  {
    name: "an agent that a fast clock marked as expired is active again with its next token",
    async run({ open }) {
      await using store = await open()
      const registered = agent()
      const { agentId, jti } = registered
      await store.commit({
        writes: [
          { type: "add_agent", agent: registered },
          { type: "expire_agent", agentId, jti, at: NOW },
        ],
        events: [],
      })
      equal(await store.records.activeAgents(NOW), 0)
      const next = { toJti: "b".repeat(32), expiresAt: NOW + 300_000 }
      await store.commit({ writes: [{ type: "replace_token", agentId, fromJti: jti, ...next }], events: [] })
      equal(await store.records.activeAgents(NOW), 1)
      equal((await store.records.expiredAgents(next.expiresAt, 10)).length, 1)
    },
  },
  {
    name: "expired agents are listed by expiry until they are released or marked",
    async run({ open }) {
      await using store = await open()
      const { records } = store
      const late = agent({ expiresAt: NOW })
      const early = agent({ expiresAt: NOW - 2 })
      const released = agent({ expiresAt: NOW - 1 })
      const future = agent({ expiresAt: NOW + 1 })
      for (const each of [late, early, released, future])
        await store.commit({ writes: [{ type: "add_agent", agent: each }], events: [] })
      const { agentId, jti } = released
      await store.commit({ writes: [{ type: "release_agent", agentId, jti, at: START }], events: [] })
      equal(await records.expiredAgents(NOW, 10), [early, late])
      equal(await records.expiredAgents(NOW, 1), [early])
      const mark = { type: "expire_agent", agentId: early.agentId, jti: early.jti, at: NOW } as const
      await store.commit({ writes: [mark], events: [] })
      equal(await records.expiredAgents(NOW, 10), [late])
    },
  },
  {
    name: "the expiry of an agent's current token and of delegated tokens is known",
    async run({ open }) {
      await using store = await open()
      const { records } = store
      const registered = agent()
      await store.commit({
        writes: [
          { type: "add_agent", agent: registered },
          { type: "add_token", token: { jti: "c".repeat(32), expiresAt: START + 7, revokedBy: [] } },
        ],
        events: [],
      })
      equal(await records.tokenExpiry(registered.jti), registered.expiresAt)
      equal(await records.tokenExpiry("c".repeat(32)), START + 7)
      const next = { toJti: "b".repeat(32), expiresAt: START + 1 }
      const { agentId, jti: fromJti } = registered
      await store.commit({ writes: [{ type: "replace_token", agentId, fromJti, ...next }], events: [] })
      equal(await records.tokenExpiry(fromJti), undefined)
      equal(await records.tokenExpiry(next.toJti), next.expiresAt)
    },
  },
]
