import {
  type Agent,
  type App,
  agentRight,
  appRight,
  type LaunchToken,
  launchTokenRight,
  type Revocation,
  revocationRight,
  Seals,
  type Store,
  type StoredToken,
  tokenRight,
  type Write,
} from "@agentwrit/authority/ports"
import type { JsonObject } from "@agentwrit/core"
import { agent, app, draft, launchToken, revocation } from "@agentwrit/testing/fixtures"
import { START } from "@agentwrit/testing/settable-clock"
import { describe, expect, test } from "vitest"
import { PostgresStore } from "../src/index.ts"
import { serverUrl, temporarySchema } from "./temporary-schema.ts"

const recordsKey = new Uint8Array(64).fill(5)
const seals = new Seals(recordsKey)
const LATER = Date.UTC(2100, 0, 1)

/** Commits writes with the event that tells of them, as the authority does. */
const commit = (store: Store, data: JsonObject, ...writes: readonly Write[]) =>
  store.commit({ writes, events: [draft({ data })] })

/** One record of each kind, each set by an event. */
async function fill(store: Store): Promise<void> {
  const owner: App = app({ appId: "app-crm-0a1b2c" })
  await commit(store, { apps: [appRight(owner)] }, { type: "add_app", app: { ...owner, mac: seals.app(owner) } })
  const token: LaunchToken = launchToken({ expiresAt: LATER })
  const sealed = { ...token, mac: seals.launchToken(token) }
  await commit(store, { launch_tokens: [launchTokenRight(token)] }, { type: "add_launch_token", launchToken: sealed })
  const registered: Agent = agent({ appId: owner.appId, expiresAt: LATER })
  await commit(
    store,
    { agents: [agentRight(registered)], used_launch_tokens: [token.hash] },
    { type: "use_launch_token", hash: token.hash, at: START },
    { type: "add_agent", agent: { ...registered, mac: seals.agent(registered) } },
  )
  const { agentId, jti: fromJti } = registered
  const renewal = { agentId, toJti: "b".repeat(32), expiresAt: LATER + 1 }
  await commit(
    store,
    { renewals: [{ agent_id: agentId, expires_at: renewal.expiresAt, jti: renewal.toJti }] },
    { type: "replace_token", fromJti, ...renewal },
  )
  const delegated: StoredToken = { jti: "c".repeat(32), issuedAt: START, expiresAt: LATER, revokedBy: ["task:t-1"] }
  await commit(store, { tokens: [tokenRight(delegated)] }, { type: "add_token", token: delegated })
  const revoked: Revocation = revocation({ level: "task", target: "t-bad", expiresAt: LATER, pruneAfter: LATER })
  await commit(store, { revocations: [revocationRight(revoked)] }, { type: "revoke", revocation: revoked })
}

const verify = (store: Store) => store.trail.verify(new AbortController().signal, { atOnce: true, recordsKey })

describe.skipIf(serverUrl === "")("the tables are held against the trail", () => {
  test.each([
    ["nothing", "select 1", undefined],
    ["an edited app", `update apps set record = replace(record::text, '1800', '1801')::json`, "app app-crm-0a1b2c"],
    ["an app's column", "update apps set orch_ids = '{hr}'", "contradicts its record"],
    ["an app that is gone", "delete from apps", "is missing"],
    ["an unspent launch token", "update launch_tokens set spent_at = null", "does not say so"],
    ["a launch token's column", "update launch_tokens set expires_at = expires_at + 1", "contradicts its record"],
    ["an agent's other token", "update agents set jti = 'd'", "agent spiffe://"],
    ["an agent's scope", `update agents set record = replace(record::text, 'read', 'write')::json`, "agent spiffe://"],
    ["an agent's key", `update agents set public_key = '\\x00'`, "agent spiffe://"],
    ["a narrower token", "update tokens set revoked_by = '{}'", "token ccc"],
    ["a token of nobody", "insert into tokens values ('x', 1, 2, '{}', null)", "token x refers to no event"],
    ["a revocation that is gone", "delete from revocations", "the revocation of task t-bad by evt-000006 is missing"],
    ["a revocation of something else", `update revocations set digest = '\\x00'`, "revokes something else"],
    ["a revocation that ends early", "update revocations set expires_at = 1", "narrower"],
    [
      "a rewritten event",
      `update events set event = replace(event::text, 'success', 'denied')::json where seq = 1`,
      "event 1",
    ],
  ])("%s", async (_, statement, problem) => {
    await using schema = await temporarySchema()
    await using store = await PostgresStore.open({ url: schema.url, version: "2.0.0" })
    await fill(store)
    await store.trail.seal(() => "a note")
    await schema.query(statement)
    if (problem === undefined) expect(await verify(store)).toBeUndefined()
    else expect(await verify(store)).toContain(problem)
  })
})
