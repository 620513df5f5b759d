import { type Agent, type AgentStatus, type Records, type StoredToken, toUnixSeconds } from "@agentwrit/authority/ports"
import { REVOKE_ALL_TARGET, type RevocationTarget } from "@agentwrit/core"
import { type MemoryData, revocationKey, type StoredAgent } from "./data.ts"

export function memoryRecords(data: MemoryData): Records {
  const { apps, agents, holders, tokens, launchTokens } = data
  return {
    apps: async () => [...apps.values()].reverse(),
    app: async (appId) => apps.get(appId),
    appByClientId: async (clientId) => [...apps.values()].find((app) => app.clientId === clientId),
    appsOfOrchestration: async (orchId) => [...apps.values()].filter(({ orchIds }) => orchIds.includes(orchId)),
    launchToken: async (hash) => launchTokens.get(hash),
    launchTokenByPrefix: async (prefix, now) =>
      [...launchTokens.values()].find(({ hash, expiresAt }) => hash.startsWith(prefix) && expiresAt > now),

    async launchTokens({ appId, limit, offset }, now) {
      const matching = [...launchTokens.values()]
        .filter(({ expiresAt }) => expiresAt > now)
        .filter((token) => appId === undefined || token.appId === appId)
        .sort((a, b) => b.createdAt - a.createdAt || (a.hash < b.hash ? -1 : 1))
      return { launchTokens: matching.slice(offset, offset + limit), total: matching.length }
    },

    agent: async (agentId) => agents.get(agentId)?.agent,

    async agents({ status, taskId, orchId, appId, limit, offset }, now) {
      const matching = [...agents.values()]
        .filter(({ agent }) => taskId === undefined || agent.taskId === taskId)
        .filter(({ agent }) => orchId === undefined || agent.orchId === orchId)
        .filter(({ agent }) => appId === undefined || agent.appId === appId)
        .filter((stored) => status === undefined || statusAt(data, stored, now) === status)
        .reverse()
      const page = matching.slice(offset, offset + limit).map((stored) => {
        const { agentId, orchId, taskId, appId, scope, registeredAt, expiresAt } = stored.agent
        const view = { agentId, orchId, taskId, scope, registeredAt, expiresAt, status: statusAt(data, stored, now) }
        return appId === undefined ? view : { ...view, appId }
      })
      return { agents: page, total: matching.length }
    },

    activeAgents: async (now) => activeAgents(data, now).length,

    async startCount(target, now) {
      const affected = endedBy(data, target, now)
      const { length } = affected.agents
      return { affected: Promise.resolve({ agents: length, tokens: length + affected.tokens.length }) }
    },

    async affectedIds(target, now, agentLimit) {
      const affected = endedBy(data, target, now)
      const apps = [
        ...affected.agents.flatMap(({ appId = [] }) => appId),
        ...affected.tokens.flatMap(({ revokedBy }) => revokedBy).flatMap((key) => /^app:(.*)/.exec(key)?.[1] ?? []),
      ]
      const ids = affected.agents.map(({ agentId }) => agentId).reverse()
      return { agents: ids.slice(0, agentLimit), apps: [...new Set(apps)].sort() }
    },

    expiredAgents: async (now, limit) =>
      unfinished(agents)
        .filter(({ expiresAt }) => expiresAt <= now)
        .sort((a, b) => a.expiresAt - b.expiresAt)
        .slice(0, limit),

    lastExpiry: async () =>
      [...unfinished(agents), ...tokens.values()].reduce((last, { expiresAt }) => Math.max(last, expiresAt), 0),

    keyRing: async () => data.keyRing,

    async unsealed(limit) {
      const firstUnsealed = <R extends { readonly mac?: Uint8Array }>(records: Iterable<R>): R[] =>
        [...records].filter(({ mac }) => mac === undefined).slice(0, limit)
      return {
        apps: firstUnsealed(apps.values()),
        launchTokens: firstUnsealed(launchTokens.values()),
        agents: firstUnsealed([...agents.values()].map(({ agent }) => agent)),
      }
    },

    tokenRevokedAt: async (jti) => data.revocations.get(revocationKey("token", jti))?.revokedAt,

    tokenExpiry: async (jti) =>
      agents.get(holders.get(jti) ?? "")?.agent.expiresAt ??
      tokens.get(jti)?.expiresAt ??
      data.revocations.get(revocationKey("token", jti))?.expiresAt ??
      undefined,
  }
}

/** Agents whose token was neither released nor marked as expired. */
const unfinished = (agents: ReadonlyMap<string, StoredAgent>): Agent[] =>
  [...agents.values()]
    .filter(({ agent, expiredAt }) => agent.releasedAt === undefined && expiredAt === undefined)
    .map(({ agent }) => agent)

const activeAgents = (data: MemoryData, now: number): Agent[] =>
  [...data.agents.values()]
    .filter((one) => one.expiredAt === undefined && statusAt(data, one, now) === "active")
    .map(({ agent }) => agent)

/** The active agents, and the tokens that are not their own, that a revocation would end. */
function endedBy(data: MemoryData, { level, target }: RevocationTarget, now: number) {
  const covers: Readonly<Record<RevocationTarget["level"], (agent: Agent) => boolean>> = {
    token: ({ jti }) => jti === target,
    agent: ({ agentId }) => agentId === target,
    task: ({ taskId }) => taskId === target,
    chain: () => false,
    app: ({ appId }) => appId === target,
    all: () => true,
  }
  return {
    agents: activeAgents(data, now).filter(covers[level]),
    tokens: [...data.tokens.values()]
      .filter(({ jti, revokedBy }) => [`token:${jti}`, ...revokedBy].includes(`${level}:${target}`))
      .filter((token) => token.expiresAt > now && !isRevoked(data, token)),
  }
}

function isRevoked({ revocations }: MemoryData, { jti, issuedAt = 0, revokedBy }: StoredToken): boolean {
  if (revocations.has(revocationKey("token", jti))) return true
  return revokedBy.some((key) => {
    const entry = revocations.get(key.replace(":", " "))
    return entry !== undefined && !entry.alone && (entry.before ?? Infinity) >= toUnixSeconds(issuedAt)
  })
}

function statusAt({ revocations }: MemoryData, { agent, revokedAt }: StoredAgent, now: number): AgentStatus {
  if (agent.releasedAt !== undefined) return "released"
  // A cutoff ends every agent that was registered up to then: its token cannot be renewed into a later one.
  const isCutOff = (key: string) => (revocations.get(key)?.before ?? -1) >= toUnixSeconds(agent.registeredAt)
  const isRevoked =
    revokedAt !== undefined ||
    revocations.has(revocationKey("agent", agent.agentId)) ||
    revocations.has(revocationKey("task", agent.taskId)) ||
    isCutOff(revocationKey("all", REVOKE_ALL_TARGET)) ||
    (agent.appId !== undefined && isCutOff(revocationKey("app", agent.appId)))
  if (isRevoked) return "revoked"
  return agent.expiresAt <= now ? "expired" : "active"
}
