import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict"
import { type ConflictCode, type Store, UnavailableError, type Write } from "@agentwrit/authority/ports"
import { agent, draft, hash, launchToken, revocation, revokedDigests } from "../fixtures.ts"
import { START } from "../settable-clock.ts"
import { conflict } from "./conflict.ts"
import type { StoreCase } from "./store-case.ts"

const allEvents = ({ trail }: Store) => trail.events({ limit: 1000, offset: 0 })

/** A change whose last condition fails must leave no trace of its other writes and events. */
async function rejectsWhole(store: Store, write: Write, code: ConflictCode): Promise<void> {
  const bystander = launchToken()
  const before = await allEvents(store)
  const change = { writes: [{ type: "add_launch_token", launchToken: bystander } as const, write], events: [draft()] }
  await rejects(store.commit(change), conflict(code))
  equal(await store.records.launchToken(bystander.hash), undefined)
  equal(await allEvents(store), before)
}

export const commitCases: readonly StoreCase[] = [
  {
    name: "a change can be read once it is answered",
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
      equal(await store.records.launchToken(token.hash), token)
      equal(await store.records.agent(registered.agentId), registered)
      equal((await allEvents(store)).total, 1)
      equal(store.housekeeping.health(), { writable: true, trailSize: 1, trailVerified: true })
    },
  },
  {
    name: "a record that was never stored is not found",
    async run({ open }) {
      await using store = await open()
      equal(await store.records.launchToken(hash("nothing")), undefined)
      equal(await store.records.agent("spiffe://agentwrit.local/agent/a/b/0123456789abcdef"), undefined)
      equal(await store.trail.checkpoint(), undefined)
      equal(await revokedDigests(store), [])
    },
  },
  {
    name: "each condition that fails undoes the whole change",
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
      await rejectsWhole(store, { type: "spend_nonce", nonce, expiresAt: START + 60_000 }, "nonce_spent")
      await rejectsWhole(store, { type: "use_launch_token", hash: token.hash, at: START }, "launch_token_unusable")
      await rejectsWhole(store, { type: "use_launch_token", hash: expired.hash, at: START }, "launch_token_unusable")
      await rejectsWhole(store, { type: "use_launch_token", hash: hash("unknown"), at: START }, "launch_token_unusable")
      await rejectsWhole(store, replace(registered, "0".repeat(32)), "token_superseded")
      await rejectsWhole(store, replace(released, released.jti), "token_superseded")
      await rejectsWhole(store, replace(revoked, revoked.jti), "token_superseded")
      await rejectsWhole(store, { type: "revoke", revocation: listed, once: true }, "already_revoked")
      equal(await store.records.agent(registered.agentId), registered)
    },
  },
  {
    name: "one of fifty racing uses of a single-use launch token succeeds",
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
      equal((await store.records.launchToken(token.hash))?.spentAt, START)
    },
  },
  {
    name: "a launch token for many uses is never spent",
    async run({ open }) {
      await using store = await open()
      const token = launchToken({ singleUse: false })
      await store.commit({ writes: [{ type: "add_launch_token", launchToken: token }], events: [] })
      for (let use = 0; use < 3; use++)
        await store.commit({ writes: [{ type: "use_launch_token", hash: token.hash, at: START }], events: [] })
      equal(await store.records.launchToken(token.hash), { ...token, uses: 3 })
    },
  },
  {
    name: "a token is replaced once, and only the current token releases its agent",
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
      equal(await store.records.agent(agentId), { ...registered, jti: next.toJti, expiresAt: next.expiresAt })
      await store.commit({ writes: [{ type: "release_agent", agentId, jti: next.toJti, at: START + 2 }], events: [] })
      equal((await store.records.agent(agentId))?.releasedAt, START + 2)
    },
  },
  {
    name: "a change that cannot be stored does not affect others of the same flush",
    async run({ open }) {
      await using store = await open()
      const twice = agent()
      const results = await Promise.allSettled([
        store.commit({ writes: [{ type: "add_agent", agent: twice }], events: [draft({ detail: "first" })] }),
        store.commit({ writes: [{ type: "add_agent", agent: twice }], events: [draft({ detail: "duplicate" })] }),
        store.commit({ writes: [], events: [draft({ agent_id: "\ud800 is not text" })] }),
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
      ok(store.housekeeping.health().writable)
    },
  },
  {
    name: "a closed store refuses commits, and closing it again does nothing",
    async run({ open }) {
      const store = await open()
      await store.housekeeping.close()
      await store.housekeeping.close()
      const closed = (error: unknown) => error instanceof UnavailableError && error.code === "closed"
      await rejects(store.commit({ writes: [], events: [draft()] }), closed)
    },
  },
]
