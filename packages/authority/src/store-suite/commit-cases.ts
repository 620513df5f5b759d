import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict"
import { type ConflictCode, ConflictError, type Store, UnavailableError, type Write } from "../store.ts"
import { agent, draft, hash, launchToken, listedDigests, revocation, START } from "./fixtures.ts"
import type { StoreCase } from "./store-suite.ts"

const conflict = (code: ConflictCode) => (error: unknown) => error instanceof ConflictError && error.code === code

const allEvents = (store: Store) => store.events({ limit: 1000, offset: 0 })

/** A change that breaks its last condition must leave no trace of its other writes and events. */
async function refusedWhole(store: Store, write: Write, code: ConflictCode): Promise<void> {
  const bystander = launchToken()
  const before = await allEvents(store)
  const change = { writes: [{ type: "add_launch_token", launchToken: bystander } as const, write], events: [draft()] }
  await rejects(store.commit(change), conflict(code))
  equal(await store.launchToken(bystander.hash), undefined)
  equal(await allEvents(store), before)
}

export const commitCases: readonly StoreCase[] = [
  {
    name: "a change is readable once it is answered",
    async run({ open }) {
      await using store = await open()
      const token = launchToken({ orchId: "crm", taskId: "t-1", singleUse: false })
      const registered = agent({ appId: "app-x-0a1b2c" })
      await store.commit({
        writes: [
          { type: "add_launch_token", launchToken: token },
          { type: "add_agent", agent: registered },
        ],
        events: [draft()],
      })
      equal(await store.launchToken(token.hash), token)
      equal(await store.agent(registered.agentId), registered)
      equal((await allEvents(store)).total, 1)
      equal(store.health(), { writable: true, trailSize: 1, trailVerified: true })
    },
  },
  {
    name: "what was never stored is not found",
    async run({ open }) {
      await using store = await open()
      equal(await store.launchToken(hash("nothing")), undefined)
      equal(await store.agent("spiffe://agentwrit.local/agent/a/b/0123456789abcdef"), undefined)
      equal(await store.checkpoint(), undefined)
      equal(await listedDigests(store), [])
    },
  },
  {
    name: "each condition that fails undoes its whole change",
    async run({ open }) {
      await using store = await open()
      const nonce = new Uint8Array(32).fill(7)
      const token = launchToken()
      const expired = launchToken({ expiresAt: START })
      const registered = agent()
      const released = agent()
      const revoked = agent()
      const listed = revocation()
      await store.commit({
        writes: [
          { type: "spend_nonce", nonce, expiresAt: START + 30_000 },
          { type: "add_launch_token", launchToken: token },
          { type: "add_launch_token", launchToken: expired },
          { type: "use_launch_token", hash: token.hash, at: START },
          { type: "add_agent", agent: registered },
          { type: "add_agent", agent: released },
          { type: "release_agent", agentId: released.agentId, jti: released.jti, at: START },
          { type: "add_agent", agent: revoked },
          { type: "revoke", revocation: revocation({ target: revoked.jti }) },
          { type: "revoke", revocation: listed },
        ],
        events: [draft()],
      })
      const replace = (of: typeof registered, fromJti: string) =>
        ({ type: "replace_token", agentId: of.agentId, fromJti, toJti: "f".repeat(32), expiresAt: START }) as const
      await refusedWhole(store, { type: "spend_nonce", nonce, expiresAt: START + 60_000 }, "nonce_spent")
      await refusedWhole(store, { type: "use_launch_token", hash: token.hash, at: START }, "launch_token_unusable")
      await refusedWhole(store, { type: "use_launch_token", hash: expired.hash, at: START }, "launch_token_unusable")
      await refusedWhole(store, { type: "use_launch_token", hash: hash("unknown"), at: START }, "launch_token_unusable")
      await refusedWhole(store, replace(registered, "0".repeat(32)), "token_superseded")
      await refusedWhole(store, replace(released, released.jti), "token_superseded")
      await refusedWhole(store, replace(revoked, revoked.jti), "token_superseded")
      await refusedWhole(store, { type: "revoke", revocation: listed, once: true }, "already_revoked")
      equal(await store.agent(registered.agentId), registered)
    },
  },
  {
    name: "of fifty racing uses of a single-use launch token one succeeds",
    async run({ open }) {
      await using store = await open()
      const token = launchToken()
      await store.commit({ writes: [{ type: "add_launch_token", launchToken: token }], events: [] })
      const uses = await Promise.allSettled(
        Array.from({ length: 50 }, () =>
          store.commit({ writes: [{ type: "use_launch_token", hash: token.hash, at: START }], events: [draft()] }),
        ),
      )
      equal(uses.filter(({ status }) => status === "fulfilled").length, 1)
      equal((await allEvents(store)).total, 1)
      equal((await store.launchToken(token.hash))?.spentAt, START)
    },
  },
  {
    name: "a launch token of many uses is never spent",
    async run({ open }) {
      await using store = await open()
      const token = launchToken({ singleUse: false })
      await store.commit({ writes: [{ type: "add_launch_token", launchToken: token }], events: [] })
      for (let use = 0; use < 3; use++)
        await store.commit({ writes: [{ type: "use_launch_token", hash: token.hash, at: START }], events: [] })
      equal(await store.launchToken(token.hash), token)
    },
  },
  {
    name: "a token is replaced once, and its agent released only by the token that it holds",
    async run({ open }) {
      await using store = await open()
      const registered = agent()
      const next = { toJti: "a".repeat(32), expiresAt: START + 900_000 }
      const replace = { type: "replace_token", agentId: registered.agentId, fromJti: registered.jti, ...next } as const
      await store.commit({ writes: [{ type: "add_agent", agent: registered }], events: [] })
      const replaced = await Promise.allSettled(
        Array.from({ length: 10 }, () => store.commit({ writes: [replace], events: [] })),
      )
      equal(replaced.filter(({ status }) => status === "fulfilled").length, 1)
      const { agentId } = registered
      await store.commit({
        writes: [{ type: "release_agent", agentId, jti: registered.jti, at: START + 1 }],
        events: [],
      })
      equal(await store.agent(agentId), { ...registered, jti: next.toJti, expiresAt: next.expiresAt })
      await store.commit({ writes: [{ type: "release_agent", agentId, jti: next.toJti, at: START + 2 }], events: [] })
      equal((await store.agent(agentId))?.releasedAt, START + 2)
    },
  },
  {
    name: "a change that cannot be stored hurts none that it shares a flush with",
    async run({ open }) {
      await using store = await open()
      const twice = agent()
      const results = await Promise.allSettled([
        store.commit({ writes: [{ type: "add_agent", agent: twice }], events: [draft({ detail: "first" })] }),
        store.commit({ writes: [{ type: "add_agent", agent: twice }], events: [draft({ detail: "duplicate" })] }),
        store.commit({ writes: [], events: [draft({ agent_id: "\ud800 is no text" })] }),
        store.commit({ writes: [], events: [draft({ detail: "last" })] }),
      ])
      equal(
        results.map(({ status }) => status),
        ["fulfilled", "rejected", "rejected", "fulfilled"],
      )
      const { events } = await allEvents(store)
      equal(
        events.map(({ id, detail }) => [id, detail]),
        [
          ["evt-000001", "first"],
          ["evt-000002", "last"],
        ],
      )
      ok(store.health().writable)
    },
  },
  {
    name: "a closed store refuses",
    async run({ open }) {
      const store = await open()
      await store.close()
      const closed = (error: unknown) => error instanceof UnavailableError && error.code === "closed"
      await rejects(store.commit({ writes: [], events: [draft()] }), closed)
    },
  },
]
