import { deepStrictEqual as equal, rejects } from "node:assert/strict"
import { app, draft } from "../fixtures.ts"
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
