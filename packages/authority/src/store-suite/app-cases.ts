import { deepStrictEqual as equal, rejects } from "node:assert/strict"
import { type ConflictCode, ConflictError } from "../store.ts"
import { app, draft, START } from "./fixtures.ts"
import type { StoreCase } from "./store-suite.ts"

const conflict = (code: ConflictCode) => (error: unknown) => error instanceof ConflictError && error.code === code

export const appCases: readonly StoreCase[] = [
  {
    name: "apps are found by id and client id, and listed newest first",
    async run({ open }) {
      const [first, second] = [app(), app({ deregisteredAt: START, updatedAt: START })]
      const before = await open()
      for (const each of [first, second])
        await before.commit({ writes: [{ type: "add_app", app: each }], events: [draft()] })
      await before.close()
      await using store = await open()
      equal(await store.apps(), [second, first])
      equal(await store.app(first.appId), first)
      equal(await store.appByClientId(second.clientId), second)
      equal(await store.app("app-none-000000"), undefined)
      equal(await store.appByClientId(first.appId), undefined)
    },
  },
  {
    name: "a name is given once",
    async run({ open }) {
      await using store = await open()
      const first = app()
      await store.commit({ writes: [{ type: "add_app", app: first }], events: [draft()] })
      const other = app({ name: first.name })
      await rejects(
        store.commit({ writes: [{ type: "add_app", app: other }], events: [draft()] }),
        conflict("app_name_taken"),
      )
      equal(await store.apps(), [first])
    },
  },
  {
    name: "of racing changes to an app one happens, and what stood on the app before it does not",
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
      equal(await store.app(first.appId), changed)
      await rejects(store.commit({ writes: [require], events: [draft()] }), conflict("app_changed"))
      equal((await store.events({ limit: 10, offset: 0 })).total, 3)
    },
  },
]
