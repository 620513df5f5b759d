import { deepStrictEqual as equal, rejects } from "node:assert/strict"
import type { StoredKeyRing } from "@agentwrit/authority/ports"
import { createSigningKey, toJwk } from "@agentwrit/core"
import { agent, draft } from "../fixtures.ts"
import { START } from "../settable-clock.ts"
import { conflict } from "./conflict.ts"
import type { StoreCase } from "./store-case.ts"

const jwk = toJwk(createSigningKey(new Uint8Array(32).fill(1)))

const ring = (fields: Partial<StoredKeyRing> = {}): StoredKeyRing => ({
  revision: 1,
  keys: [
    { jwk, use: "native", state: "previous", createdAt: START, signsFrom: START + 1, verifiesUntil: START + 2 },
    { jwk, use: "native", state: "current", createdAt: START },
  ],
  retired: [{ keyId: jwk.kid, at: START }],
  mac: new Uint8Array(32).fill(7),
  ...fields,
})

export const keyRingCases: readonly StoreCase[] = [
  {
    name: "a key ring follows the one before it, and survives a restart",
    async run({ open }) {
      const store = await open()
      equal(await store.records.keyRing(), undefined)
      const set = (changed: StoredKeyRing) =>
        store.commit({ writes: [{ type: "set_key_ring", ring: changed }], events: [draft()] })
      await rejects(set(ring({ revision: 2 })), conflict("key_ring_changed"))
      await set(ring())
      await rejects(set(ring()), conflict("key_ring_changed"))
      const next = ring({ revision: 2, keys: ring().keys.slice(1), retired: [] })
      await set(next)
      await store.housekeeping.close()
      await using again = await open()
      const { mac = [], ...found } = (await again.records.keyRing()) ?? next
      equal({ ...found, mac: new Uint8Array(mac) }, next)
    },
  },
  {
    name: "a restore deletes the key ring",
    async run({ open }) {
      await using store = await open()
      await store.commit({ writes: [{ type: "set_key_ring", ring: ring() }], events: [draft()] })
      await store.commit({ writes: [{ type: "begin_era" }], events: [draft()] })
      equal(await store.records.keyRing(), undefined)
    },
  },
  {
    name: "the last expiry is that of the agents and of the other tokens",
    async run({ open }) {
      await using store = await open()
      equal(await store.records.lastExpiry(), 0)
      const released = agent({ expiresAt: START + 9000 })
      await store.commit({
        writes: [
          { type: "add_agent", agent: agent({ expiresAt: START + 1000 }) },
          { type: "add_agent", agent: released },
          { type: "release_agent", agentId: released.agentId, jti: released.jti, at: START },
        ],
        events: [draft()],
      })
      equal(await store.records.lastExpiry(), START + 1000)
      const token = { jti: "0".repeat(32), issuedAt: START, expiresAt: START + 2000, revokedBy: [] }
      await store.commit({ writes: [{ type: "add_token", token }], events: [draft()] })
      equal(await store.records.lastExpiry(), START + 2000)
    },
  },
]
