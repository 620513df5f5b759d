import type { Records } from "@agentwrit/authority/ports"
import { REVOKE_ALL_TARGET } from "@agentwrit/core"
import type { Reader } from "./reader.ts"
import {
  type AgentRow,
  type AgentViewRow,
  type AppRow,
  blob,
  type LaunchTokenRow,
  toAgent,
  toAgentView,
  toApp,
  toLaunchToken,
} from "./rows.ts"
import { filter, type Query, sql, where } from "./sql.ts"

export function sqliteRecords(reader: Reader): Records {
  return {
    apps: async () => reader.all(sql<AppRow>`select * from apps order by seq desc`).map(toApp),

    async app(appId) {
      const row = reader.get(sql<AppRow>`select * from apps where app_id = ${appId}`)
      return row && toApp(row)
    },

    async appByClientId(clientId) {
      const row = reader.get(sql<AppRow>`select * from apps where client_id = ${clientId}`)
      return row && toApp(row)
    },

    async appsOfOrchestration(orchId) {
      const rows = reader.all(sql<AppRow>`
        select apps.* from apps, json_each(apps.orch_ids) as owned
        where apps.orch_ids <> '[]' and owned.value = ${orchId} order by seq`)
      return rows.map(toApp)
    },

    async launchToken(hash) {
      const row = reader.get(sql<LaunchTokenRow>`select * from launch_tokens where hash = ${blob(hash)}`)
      return row && toLaunchToken(row)
    },

    async launchTokenByPrefix(prefix, now) {
      const row = reader.get(sql<LaunchTokenRow>`
        select * from launch_tokens
        where hash between ${blob(prefix.padEnd(64, "0"))} and ${blob(prefix.padEnd(64, "f"))} and expires_at > ${now}`)
      return row && toLaunchToken(row)
    },

    async launchTokens({ appId, limit }, now) {
      const matching = where(
        sql`expires_at > ${now}`,
        filter(appId, (value) => sql`app_id = ${value}`),
      )
      const [rows, counts] = await Promise.all([
        reader.query(sql<LaunchTokenRow>`
          select * from launch_tokens ${matching} order by created_at desc, hash limit ${limit}`),
        reader.query(sql<{ total: number }>`select count(*) as total from launch_tokens ${matching}`),
      ])
      return { launchTokens: rows.map(toLaunchToken), total: counts[0]?.total ?? 0 }
    },

    async agent(agentId) {
      const row = reader.get(sql<AgentRow>`select * from agents where agent_id = ${agentId}`)
      return row && toAgent(row)
    },

    async agents({ status, taskId, orchId, appId, limit, offset }, now) {
      const matching = where(
        filter(taskId, (value) => sql`task_id = ${value}`),
        filter(orchId, (value) => sql`orch_id = ${value}`),
        filter(appId, (value) => sql`app_id = ${value}`),
        filter(status, (value) => sql`${statusAt(now)} = ${value}`),
      )
      const [rows, counts] = await Promise.all([
        reader.query(sql<AgentViewRow>`
          select agent_id, orch_id, task_id, app_id, scope, registered_at, expires_at, ${statusAt(now)} as status
          from agents ${matching} order by seq desc limit ${limit} offset ${offset}`),
        reader.query(sql<{ total: number }>`select count(*) as total from agents ${matching}`),
      ])
      return { agents: rows.map(toAgentView), total: counts[0]?.total ?? 0 }
    },

    async activeAgents(now) {
      const [row] = await reader.query(sql<{ active: number }>`
        select count(*) as active from agents
        where expires_at > ${now} and released_at is null and expired_at is null and not ${REVOKED}`)
      return row?.active ?? 0
    },

    async expiredAgents(now, limit) {
      const rows = reader.all(sql<AgentRow>`
        select * from agents where expires_at <= ${now} and released_at is null and expired_at is null
        order by expires_at limit ${limit}`)
      return rows.map(toAgent)
    },

    async tokenRevokedAt(jti) {
      const row = reader.get(sql<{ revoked_at: number }>`
        select revoked_at from revocations where level = 'token' and target = ${jti}`)
      return row?.revoked_at
    },

    async unsealed(limit) {
      const [apps, launchTokens, agents] = await Promise.all([
        reader.query(sql<AppRow>`select * from apps where mac is null limit ${limit}`),
        reader.query(sql<LaunchTokenRow>`select * from launch_tokens where mac is null limit ${limit}`),
        reader.query(sql<AgentRow>`select * from agents where mac is null limit ${limit}`),
      ])
      return { apps: apps.map(toApp), launchTokens: launchTokens.map(toLaunchToken), agents: agents.map(toAgent) }
    },

    async tokenExpiry(jti) {
      const row = reader.get(sql<{ expires_at: number }>`
        select expires_at from agents where jti = ${jti}
        union all select expires_at from tokens where jti = ${jti}`)
      return row?.expires_at
    },
  }
}

/**
 * Whether an agent's token, the agent, its task or its app is revoked (CONTRACT 2, "Active agent"). A cutoff ends every
 * agent that was registered up to then: its token cannot be renewed into a later one.
 */
const REVOKED = sql`(agents.revoked_at is not null
  or exists (select 1 from revocations where level = 'agent' and target = agents.agent_id)
  or exists (select 1 from revocations where level = 'task' and target = agents.task_id)
  or exists (select 1 from revocations
    where level = 'app' and target = agents.app_id and before >= agents.registered_at / 1000)
  or exists (select 1 from revocations
    where level = 'all' and target = ${REVOKE_ALL_TARGET} and before >= agents.registered_at / 1000))`

const statusAt = (now: number): Query => sql`case
  when released_at is not null then 'released'
  when ${REVOKED} then 'revoked'
  when expires_at <= ${now} then 'expired'
  else 'active' end`
