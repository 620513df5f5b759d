import { deepStrictEqual as equal } from "node:assert/strict"
import type { Store, StoredToken, Write } from "@agentwrit/authority/ports"
import type { RevocationTarget } from "@agentwrit/core"
import { agent, hash, revocation } from "../fixtures.ts"
import { START } from "../settable-clock.ts"
import { revoke } from "./revoke.ts"
import type { StoreCase } from "./store-case.ts"

const NOW = START + 10_000
const APP = "app-crm-0a1b2c"
const EVERYTHING = { level: "all", target: "*" } as const

const token = (fields: Partial<StoredToken> = {}): StoredToken => ({
  jti: hash(String(Math.random())).slice(0, 32),
  issuedAt: START,
  expiresAt: NOW + 1,
  revokedBy: ["all:*"],
  ...fields,
})

const add = (store: Store, tokens: readonly StoredToken[]) =>
  store.commit({ writes: tokens.map((each): Write => ({ type: "add_token", token: each })), events: [] })

async function affected({ records }: Store, target: RevocationTarget) {
  const count = await records.startCount(target, NOW)
  const { agents, tokens } = await count.affected
  return [agents, tokens]
}

export const affectedCases: readonly StoreCase[] = [
  {
    name: "what a revocation would end is counted and named by its level",
    async run({ open }) {
      await using store = await open()
      const [one, launched, other] = [agent(), agent({ appId: APP }), agent({ taskId: "t-2" })]
      for (const each of [one, launched, other])
        await store.commit({ writes: [{ type: "add_agent", agent: each }], events: [] })
      const delegated = token({
        revokedBy: [
          `token:${one.jti}`,
          `agent:${other.agentId}`,
          `agent:${one.agentId}`,
          "task:t-1",
          "task:t-2",
        ].concat(`chain:${one.agentId}`, "app:app-hr-0a1b2c", "all:*"),
      })
      const ofApp = token({ revokedBy: [`agent:app:${APP}`, `app:${APP}`, "all:*"] })
      const ofAdmin = token({ revokedBy: ["agent:admin"] })
      await add(store, [delegated, ofApp, ofAdmin])
      const counts = async (level: RevocationTarget["level"], target: string) => affected(store, { level, target })
      equal(await counts("token", one.jti), [1, 2])
      equal(await counts("token", delegated.jti), [0, 1])
      equal(await counts("token", ofAdmin.jti), [0, 1])
      equal(await counts("agent", one.agentId), [1, 2])
      equal(await counts("agent", other.agentId), [1, 2])
      equal(await counts("task", "t-1"), [2, 3])
      equal(await counts("chain", one.agentId), [0, 1])
      equal(await counts("app", APP), [1, 2])
      equal(await counts("app", "app-hr-0a1b2c"), [0, 1])
      equal(await affected(store, EVERYTHING), [3, 5])
      equal(await counts("task", "t-3"), [0, 0])
      const ids = (level: RevocationTarget["level"], target: string, limit = 100) =>
        store.records.affectedIds({ level, target }, NOW, limit)
      equal(await ids("task", "t-1"), {
        agents: [launched.agentId, one.agentId],
        apps: [APP, "app-hr-0a1b2c"],
      })
      equal(await ids("all", "*", 1), { agents: [other.agentId], apps: [APP, "app-hr-0a1b2c"] })
      equal(await ids("chain", other.agentId), { agents: [], apps: [] })
    },
  },
  {
    name: "what has expired, was released or was revoked before is not counted as ended",
    async run({ open }) {
      await using store = await open()
      const [released, revoked, expired] = [agent(), agent(), agent({ expiresAt: NOW })]
      for (const each of [released, revoked, expired])
        await store.commit({ writes: [{ type: "add_agent", agent: each }], events: [] })
      const { agentId, jti } = released
      await store.commit({ writes: [{ type: "release_agent", agentId, jti, at: START }], events: [] })
      await revoke(store, revocation({ level: "agent", target: revoked.agentId }))
      const dependsOn = (...targets: string[]) => token({ revokedBy: [...targets, "all:*"] })
      const afterCutoff = { issuedAt: START + 1000 }
      const tokens = {
        expired: token({ expiresAt: NOW }),
        revoked: token(),
        ofRevokedTask: dependsOn("task:t-bad"),
        ofRevokedToken: dependsOn(`token:${"a".repeat(32)}`),
        ofSuperseded: dependsOn(`token:${"b".repeat(32)}`),
        ofApp: dependsOn(`app:${APP}`),
        ofRestoredApp: token({ ...afterCutoff, revokedBy: [`app:${APP}`, "all:*"] }),
      }
      await add(store, Object.values(tokens))
      const before = START / 1000
      await revoke(store, revocation({ target: tokens.revoked.jti }))
      await revoke(store, revocation({ level: "task", target: "t-bad" }))
      await revoke(store, revocation({ target: "a".repeat(32) }))
      await revoke(store, revocation({ target: "b".repeat(32), alone: true }))
      await revoke(store, revocation({ level: "app", target: APP, before }))
      equal(await affected(store, EVERYTHING), [0, 2])
      equal(await affected(store, { level: "token", target: "b".repeat(32) }), [0, 1])
      equal(await affected(store, { level: "task", target: "t-bad" }), [0, 0])
      await revoke(store, revocation({ ...EVERYTHING, before }))
      equal(await affected(store, EVERYTHING), [0, 1])
    },
  },
  {
    name: "a count that has started does not see what commits after it",
    async run({ open }) {
      await using store = await open()
      await add(store, [token(), token()])
      const count = await store.records.startCount(EVERYTHING, NOW)
      await revoke(store, revocation({ ...EVERYTHING, before: START / 1000 }))
      equal(await count.affected, { agents: 0, tokens: 2 })
      equal(await affected(store, EVERYTHING), [0, 0])
    },
  },
]
