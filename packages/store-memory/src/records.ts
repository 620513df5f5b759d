import type { Agent, AgentPage, AgentQuery, AgentStatus, App, LaunchToken, Records } from "@agentwrit/authority/ports"
import { type MemoryData, revocationKey, type StoredAgent } from "./data.ts"

export class MemoryRecords implements Records {
  readonly #data: MemoryData

  constructor(data: MemoryData) {
    this.#data = data
  }

  async apps(): Promise<readonly App[]> {
    return [...this.#data.apps.values()].reverse()
  }

  async app(appId: string): Promise<App | undefined> {
    return this.#data.apps.get(appId)
  }

  async appByClientId(clientId: string): Promise<App | undefined> {
    return [...this.#data.apps.values()].find((app) => app.clientId === clientId)
  }

  async launchToken(hash: string): Promise<LaunchToken | undefined> {
    return this.#data.launchTokens.get(hash)
  }

  async agent(agentId: string): Promise<Agent | undefined> {
    return this.#data.agents.get(agentId)?.agent
  }

  async agents({ status, taskId, orchId, appId, limit, offset }: AgentQuery, now: number): Promise<AgentPage> {
    const matching = [...this.#data.agents.values()]
      .filter(({ agent }) => taskId === undefined || agent.taskId === taskId)
      .filter(({ agent }) => orchId === undefined || agent.orchId === orchId)
      .filter(({ agent }) => appId === undefined || agent.appId === appId)
      .map((stored) => ({ agent: stored.agent, status: this.#statusAt(stored, now) }))
      .filter((view) => status === undefined || view.status === status)
      .reverse()
    const agents = matching.slice(offset, offset + limit).map(({ agent, status }) => ({
      agentId: agent.agentId,
      orchId: agent.orchId,
      taskId: agent.taskId,
      ...(agent.appId !== undefined && { appId: agent.appId }),
      scope: agent.scope,
      status,
      registeredAt: agent.registeredAt,
      expiresAt: agent.expiresAt,
    }))
    return { agents, total: matching.length }
  }

  async activeAgents(now: number): Promise<number> {
    const stored = [...this.#data.agents.values()]
    return stored.filter((one) => one.expiredAt === undefined && this.#statusAt(one, now) === "active").length
  }

  async expiredAgents(now: number, limit: number): Promise<readonly Agent[]> {
    return [...this.#data.agents.values()]
      .filter(
        ({ agent, expiredAt }) => agent.expiresAt <= now && agent.releasedAt === undefined && expiredAt === undefined,
      )
      .map(({ agent }) => agent)
      .sort((a, b) => a.expiresAt - b.expiresAt)
      .slice(0, limit)
  }

  async tokenExpiry(jti: string): Promise<number | undefined> {
    const { agents, holders, delegatedTokens } = this.#data
    return agents.get(holders.get(jti) ?? "")?.agent.expiresAt ?? delegatedTokens.get(jti)
  }

  #statusAt({ agent, revokedAt }: StoredAgent, now: number): AgentStatus {
    const { revocations } = this.#data
    if (agent.releasedAt !== undefined) return "released"
    const isRevoked =
      revokedAt !== undefined ||
      revocations.has(revocationKey("agent", agent.agentId)) ||
      revocations.has(revocationKey("task", agent.taskId))
    if (isRevoked) return "revoked"
    return agent.expiresAt <= now ? "expired" : "active"
  }
}
