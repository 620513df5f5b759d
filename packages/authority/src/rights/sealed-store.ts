import type { Change, Write } from "../ports/change.ts"
import type { Records } from "../ports/records.ts"
import type { Store } from "../ports/store.ts"
import { rightsOf } from "./rights.ts"
import { isSealed, type Seals } from "./seal.ts"

/** Called with what is wrong when a record that gives rights is not as the broker wrote it. */
export type OnTampered = (problem: string) => void

/**
 * A store whose records are held against their seals whenever they are read (CONTRACT 4). A record that someone else
 * wrote or changed counts as absent, so that no right comes from it. Every change seals its records, and tells in its
 * first event what it gives or takes.
 */
export function sealedStore(store: Store, seals: Seals, onTampered: OnTampered): Store {
  return {
    trail: store.trail,
    revocations: store.revocations,
    housekeeping: store.housekeeping,
    records: sealedRecords(store.records, seals, onTampered),
    commit: (change) => store.commit(sealedChange(change, seals)),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

function sealedRecords(records: Records, seals: Seals, onTampered: OnTampered): Records {
  /** The record, if its seal is right. */
  const opened = <R extends { readonly mac?: Uint8Array }>(
    record: R | undefined,
    mac: (record: R) => Uint8Array,
    name: (record: R) => string,
  ): R | undefined => {
    if (record === undefined || isSealed(record, mac(record))) return record
    onTampered(`the database's record of ${name(record)} is not as the broker wrote it: nothing is granted by it`)
    return undefined
  }
  const openApp = (app: Awaited<ReturnType<Records["app"]>>) =>
    opened(
      app,
      (one) => seals.app(one),
      ({ appId }) => `app ${appId}`,
    )
  return {
    // A list gives no right, and an operator must see the app that was changed.
    async apps() {
      const apps = await records.apps()
      for (const app of apps) openApp(app)
      return apps
    },
    app: async (appId) => openApp(await records.app(appId)),
    appByClientId: async (clientId) => openApp(await records.appByClientId(clientId)),
    launchToken: async (hash) =>
      opened(
        await records.launchToken(hash),
        (token) => seals.launchToken(token),
        ({ agentName }) => `a launch token for ${agentName}`,
      ),
    // An app that was changed still closes its orchestration to the others. Its own agents are refused when it is read.
    async appsOfOrchestration(orchId) {
      const apps = await records.appsOfOrchestration(orchId)
      for (const app of apps) openApp(app)
      return apps
    },
    // These give no right: they name what to void, and list.
    launchTokenByPrefix: (prefix, now) => records.launchTokenByPrefix(prefix, now),
    launchTokens: (query, now) => records.launchTokens(query, now),
    agent: async (agentId) =>
      opened(
        await records.agent(agentId),
        (agent) => seals.agent(agent),
        () => `agent ${agentId}`,
      ),
    agents: (query, now) => records.agents(query, now),
    activeAgents: (now) => records.activeAgents(now),
    expiredAgents: (now, limit) => records.expiredAgents(now, limit),
    tokenExpiry: (jti) => records.tokenExpiry(jti),
    tokenRevokedAt: (jti) => records.tokenRevokedAt(jti),
    startCount: (target, now) => records.startCount(target, now),
    affectedIds: (target, now, agentLimit) => records.affectedIds(target, now, agentLimit),
    unsealed: (limit) => records.unsealed(limit),
  }
}

function sealedChange(change: Change, seals: Seals): Change {
  const data = rightsOf(change.writes)
  if (data === undefined) return change
  const [first, ...others] = change.events
  if (first === undefined) throw new TypeError("a change that gives or takes a right needs an event that says so")
  return {
    ...change,
    writes: change.writes.map((write) => sealedWrite(write, seals)),
    events: [{ ...first, data }, ...others],
  }
}

function sealedWrite(write: Write, seals: Seals): Write {
  switch (write.type) {
    case "add_app":
    case "change_app":
      return { ...write, app: { ...write.app, mac: seals.app(write.app) } }
    case "add_launch_token":
      return { ...write, launchToken: { ...write.launchToken, mac: seals.launchToken(write.launchToken) } }
    case "add_agent":
      return { ...write, agent: { ...write.agent, mac: seals.agent(write.agent) } }
    default:
      return write
  }
}
