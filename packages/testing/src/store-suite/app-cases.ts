import { deepStrictEqual as equal, rejects } from "node:assert/strict"
import { agent, app, draft, launchToken } from "../fixtures.ts"
import { START } from "../settable-clock.ts"
import { conflict } from "./conflict.ts"
import type { StoreCase } from "./store-case.ts"

export const appCases: readonly StoreCase[] = [
  {
    name: "apps are found by id and client id, and listed newest first",
    async run({ open }) {
      const [first, second] = [app(), app({ deregisteredAt: START, updatedAt: START })]
      const before = await open()
      for (const each of [first, second])
        await before.commit({ writes: [{ type: "add_app", app: each }], events: [draft()] })
      await before.housekeeping.close()
      await using store = await open()
      const { records } = store
      equal(await records.apps(), [second, first])
      equal(await records.app(first.appId), first)
      equal(await records.appByClientId(second.clientId), second)
      equal(await records.app("app-none-000000"), undefined)
      equal(await records.appByClientId(first.appId), undefined)
    },
  },
  {
    name: "an app's name is unique",
    async run({ open }) {
      await using store = await open()
      const first = app()
      await store.commit({ writes: [{ type: "add_app", app: first }], events: [draft()] })
      const other = app({ name: first.name })
      await rejects(
        store.commit({ writes: [{ type: "add_app", app: other }], events: [draft()] }),
        conflict("app_name_taken"),
      )
      equal(await store.records.apps(), [first])
    },
  },
  {
    name: "an orchestration belongs to one app that is not deregistered",
    async run({ open }) {
      await using store = await open()
      const add = (one: ReturnType<typeof app>) =>
        store.commit({ writes: [{ type: "add_app", app: one }], events: [draft()] })
      const owner = app({ orchIds: ["crm", "hr"] })
      await add(owner)
      await add(app({ orchIds: ["erp"] }))
      await rejects(add(app({ orchIds: ["erp2", "hr"] })), conflict("orch_id_taken"))
      equal(await store.records.appsOfOrchestration("hr"), [owner])
      equal(await store.records.appsOfOrchestration("erp2"), [])
      const register = (appId?: string) =>
        store.commit({
          writes: [{ type: "add_agent", agent: agent({ orchId: "hr", ...(appId !== undefined && { appId }) }) }],
          events: [draft()],
        })
      await rejects(register("app-other-0a1b2c"), conflict("orch_id_taken"))
      await register(owner.appId)
      await register()
      const gone = { ...owner, deregisteredAt: START, revision: 2 }
      await store.commit({ writes: [{ type: "change_app", app: gone }], events: [draft()] })
      const heir = app({ orchIds: ["hr"] })
      await add(heir)
      equal(await store.records.appsOfOrchestration("hr"), [gone, heir])
    },
  },
  {
    name: "launch tokens that have not expired are found by prefix, and listed newest first, by app",
    async run({ open }) {
      await using store = await open()
      const { records } = store
      const old = launchToken({ appId: "app-x-0a1b2c" })
      const [low, high] = ["0", "f"].map((digit) =>
        launchToken({ hash: digit.repeat(64), createdAt: START + 1, appId: "app-y-0a1b2c" }),
      )
      if (low === undefined || high === undefined) throw new TypeError("two launch tokens")
      const expired = launchToken({ expiresAt: START })
      for (const one of [old, high, expired, low])
        await store.commit({ writes: [{ type: "add_launch_token", launchToken: one }], events: [draft()] })
      equal(await records.launchTokens({ limit: 10, offset: 0 }, START), { launchTokens: [low, high, old], total: 3 })
      equal(await records.launchTokens({ limit: 1, offset: 1 }, START), { launchTokens: [high], total: 3 })
      equal(await records.launchTokens({ limit: 9, offset: 0, appId: "app-x-0a1b2c" }, START), {
        launchTokens: [old],
        total: 1,
      })
      for (const one of [old, low, high]) equal(await records.launchTokenByPrefix(one.hash.slice(0, 16), START), one)
      equal(await records.launchTokenByPrefix(expired.hash.slice(0, 16), START), undefined)
      equal(await records.launchTokenByPrefix("1".repeat(16), START), undefined)
    },
  },
  {
    name: "one of ten racing changes to an app succeeds, and a change that requires the old revision fails",
    async run({ open }) {
      await using store = await open()
      const first = app()
      await store.commit({ writes: [{ type: "add_app", app: first }], events: [draft()] })
      const require = { type: "require_app", appId: first.appId, revision: first.revision } as const
      await store.commit({ writes: [require], events: [draft()] })
      const changed = { ...first, scopes: ["read:data:7"], revision: 2 }
      const changes = await Promise.allSettled(
        Array.from({ length: 10 }, () =>
          store.commit({ writes: [{ type: "change_app", app: changed }], events: [draft()] }),
        ),
      )
      equal(changes.filter(({ status }) => status === "fulfilled").length, 1)
      equal(await store.records.app(first.appId), changed)
      await rejects(store.commit({ writes: [require], events: [draft()] }), conflict("app_changed"))
      equal(await store.trail.size(), 3)
    },
  },
]
