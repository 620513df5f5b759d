import type { Write } from "../ports/change.ts"
import type { App, Records } from "../ports/records.ts"
import type { Store } from "../ports/store.ts"
import { isSealed, type Seals } from "./seal.ts"

/** What a {@link sealedStore} needs of the authority. */
export interface SealedStoreOptions {
  /** Called with what is wrong when a record that gives rights is not as the broker wrote it. */
  readonly onTampered: (problem: string) => void
  /** Whether every app, launch token and key ring counts as absent. */
  readonly isLocked: () => boolean
}

/**
 * A store whose records are held against their seals whenever they are read (CONTRACT 4). A record that someone else
 * wrote or changed counts as absent, so that no right comes from it. Every change seals its records.
 */
export function sealedStore(store: Store, seals: Seals, options: SealedStoreOptions): Store {
  const owners: Owners = new Map()
  return {
    trail: store.trail,
    revocations: store.revocations,
    housekeeping: store.housekeeping,
    ...(store.lease !== undefined && { lease: store.lease }),
    records: sealedRecords(store.records, seals, owners, options),
    async commit({ writes, ...change }) {
      const committed = await store.commit({ ...change, writes: writes.map((write) => sealedWrite(write, seals)) })
      for (const write of writes) if (write.type === "add_app") remember(owners, write.app)
      return committed
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

/**
 * Apps with orchestrations, by app id. An app keeps its orchestrations, so one that its row no longer names was taken by
 * an edit, and stays closed to other apps.
 */
type Owners = Map<string, App>

function remember(owners: Owners, app: App): void {
  if (app.orchIds.length > 0) owners.set(app.appId, app)
}

function sealedRecords(
  records: Records,
  seals: Seals,
  owners: Owners,
  { onTampered, isLocked }: SealedStoreOptions,
): Records {
  /** The record, if its seal is right. */
  const verified = <R extends { readonly mac?: Uint8Array }>(
    record: R | undefined,
    mac: (record: R) => Uint8Array,
    name: (record: R) => string,
  ): R | undefined => {
    if (record === undefined || isSealed(record, mac(record))) return record
    onTampered(`the database's record of ${name(record)} is not as the broker wrote it: nothing is granted by it`)
    return undefined
  }
  const verifiedApp = (app: Awaited<ReturnType<Records["app"]>>) =>
    verified(
      app,
      (one) => seals.app(one),
      ({ appId }) => `app ${appId}`,
    )
  const unlessLocked = <R>(record: R | undefined) => (isLocked() ? undefined : record)
  return {
    // A list gives no right, and an operator must see the app that was changed.
    async apps() {
      const apps = await records.apps()
      for (const app of apps) if (verifiedApp(app) !== undefined) remember(owners, app)
      return apps
    },
    app: async (appId) => unlessLocked(verifiedApp(await records.app(appId))),
    appByClientId: async (clientId) => unlessLocked(verifiedApp(await records.appByClientId(clientId))),
    launchToken: async (hash) =>
      unlessLocked(
        verified(
          await records.launchToken(hash),
          (token) => seals.launchToken(token),
          ({ agentName }) => `a launch token for ${agentName}`,
        ),
      ),
    // An app that was changed still closes its orchestration to the others. Its own agents are refused when it is read.
    async appsOfOrchestration(orchId) {
      const apps = await records.appsOfOrchestration(orchId)
      for (const app of apps) verifiedApp(app)
      const hidden = [...owners.values()].filter(
        ({ appId, orchIds }) => orchIds.includes(orchId) && !apps.some((app) => app.appId === appId),
      )
      // The seal of the row that is left tells the operator.
      for (const { appId } of hidden) verifiedApp(await records.app(appId))
      return [...apps, ...hidden]
    },
    // These give no right: they name what to void, and list.
    launchTokenByPrefix: (prefix, now) => records.launchTokenByPrefix(prefix, now),
    launchTokens: (query, now) => records.launchTokens(query, now),
    agent: async (agentId) =>
      verified(
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
    lastExpiry: () => records.lastExpiry(),
    keyRing: async () =>
      unlessLocked(
        verified(
          await records.keyRing(),
          (ring) => seals.keyRing(ring),
          () => "the signing keys",
        ),
      ),
    unsealed: (limit) => records.unsealed(limit),
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
    case "set_key_ring":
      return { ...write, ring: { ...write.ring, mac: seals.keyRing(write.ring) } }
    default:
      return write
  }
}
