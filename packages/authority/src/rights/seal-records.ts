import type { Write } from "../ports/change.ts"
import type { SealedCounts } from "../ports/observer.ts"
import type { Store } from "../ports/store.ts"
import type { Seals } from "./seal.ts"

const MAX_SEALED_AT_ONCE = 500

/**
 * Seals every record that has no seal: after the upgrade from a version without seals, and after a declared restore,
 * whose audit key is new. The operator vouches for the records then.
 */
export async function sealRecords(store: Store, seals: Seals): Promise<SealedCounts> {
  const counts = { apps: 0, launchTokens: 0, agents: 0 }
  for (;;) {
    const { apps, launchTokens, agents } = await store.records.unsealed(MAX_SEALED_AT_ONCE)
    const writes: Write[] = [
      ...apps.map((app) => ({ type: "seal_app", appId: app.appId, mac: seals.app(app) }) as const),
      ...launchTokens.map(
        (one) => ({ type: "seal_launch_token", hash: one.hash, mac: seals.launchToken(one) }) as const,
      ),
      ...agents.map((agent) => ({ type: "seal_agent", agentId: agent.agentId, mac: seals.agent(agent) }) as const),
    ]
    if (writes.length === 0) return counts
    await store.commit({ writes, events: [] })
    counts.apps += apps.length
    counts.launchTokens += launchTokens.length
    counts.agents += agents.length
  }
}
