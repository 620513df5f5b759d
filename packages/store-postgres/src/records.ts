import type { Affected, Records } from "@agentwrit/authority/ports"
import { REVOKE_ALL_TARGET, type RevocationTarget } from "@agentwrit/core"
import type { Database } from "./database.ts"
import {
  type AgentRow,
  type AgentViewRow,
  type AppRow,
  type KeyRingRow,
  type LaunchTokenRow,
  toAgent,
  toAgentView,
  toApp,
  toKeyRing,
  toLaunchToken,
} from "./rows.ts"
import { filter, type Query, sql, where } from "./sql.ts"

export function postgresRecords(database: Database): Records {
  const count = async (query: Query<{ readonly count: number }>) => (await database.get(query))?.count ?? 0
  return {
    apps: async () => (await database.all(sql<AppRow>`select * from apps order by seq desc`)).map(toApp),

    async app(appId) {
      const row = await database.get(sql<AppRow>`select * from apps where app_id = ${appId}`)
      return row && toApp(row)
    },

    async appByClientId(clientId) {
      const row = await database.get(sql<AppRow>`select * from apps where client_id = ${clientId}`)
      return row && toApp(row)
    },

    async appsOfOrchestration(orchId) {
      const rows = await database.all(sql<AppRow>`
        select * from apps where orch_ids && array[${orchId}]::text[] order by seq`)
      return rows.map(toApp)
    },

    async launchToken(hash) {
      const row = await database.get(sql<LaunchTokenRow>`select * from launch_tokens where hash = ${hash}`)
      return row && toLaunchToken(row)
    },

    async launchTokenByPrefix(prefix, now) {
      const row = await database.get(sql<LaunchTokenRow>`
        select * from launch_tokens where hash between ${prefix} and ${`${prefix}g`} and expires_at > ${now}`)
      return row && toLaunchToken(row)
    },

    async launchTokens({ appId, limit, offset }, now) {
      const matching = where(
        sql`expires_at > ${now}`,
        filter(appId, (value) => sql`app_id = ${value}`),
      )
      const [rows, total] = await Promise.all([
        database.all(sql<LaunchTokenRow>`
          select * from launch_tokens ${matching} order by created_at desc, hash limit ${limit} offset ${offset}`),
        count(sql`select count(*) as count from launch_tokens ${matching}`),
      ])
      return { launchTokens: rows.map(toLaunchToken), total }
    },

    async agent(agentId) {
      const row = await database.get(sql<AgentRow>`select * from agents where agent_id = ${agentId}`)
      return row && toAgent(row)
    },

    async agents({ status, taskId, orchId, appId, limit, offset }, now) {
      const matching = where(
        filter(taskId, (value) => sql`task_id = ${value}`),
        filter(orchId, (value) => sql`orch_id = ${value}`),
        filter(appId, (value) => sql`app_id = ${value}`),
        filter(status, (value) => sql`${statusAt(now)} = ${value}`),
      )
      const [rows, total] = await Promise.all([
        database.all(sql<AgentViewRow>`
          select *, ${statusAt(now)} as status from agents ${matching} order by seq desc limit ${limit} offset ${offset}`),
        count(sql`select count(*) as count from agents ${matching}`),
      ])
      return { agents: rows.map(toAgentView), total }
    },

    activeAgents: (now) => count(sql`select count(*) as count from agents where ${isActive(now)}`),

    async startCount(target, now) {
      const { result } = await database.snapshot((queries) =>
        queries.get(sql<Affected>`
          select active as agents, active + others as tokens from
            (select count(*) as active from agents where ${coversAgent(target)} and ${isActive(now)}) as own,
            (select count(*) as others from tokens where ${coversToken(target)} and ${isLive(now)}) as other`),
      )
      return { affected: result.then((row) => row ?? { agents: 0, tokens: 0 }) }
    },

    async affectedIds(target, now, agentLimit) {
      const [agents, apps] = await Promise.all([
        database.all(sql<{ agent_id: string }>`
          select agent_id from agents where ${coversAgent(target)} and ${isActive(now)}
          order by seq desc limit ${agentLimit}`),
        database.all(sql<{ app_id: string }>`
          select app_id from (
            select app_id from agents where ${coversAgent(target)} and ${isActive(now)} and app_id is not null
            union
            select substr(key, 5) from tokens, unnest(revoked_by) as key
            where ${coversToken(target)} and ${isLive(now)} and key like 'app:%'
          ) as found order by app_id collate "C"`),
      ])
      return { agents: agents.map((row) => row.agent_id), apps: apps.map((row) => row.app_id) }
    },

    async expiredAgents(now, limit) {
      const rows = await database.all(sql<AgentRow>`
        select * from agents where expires_at <= ${now} and released_at is null and expired_at is null
        order by expires_at limit ${limit}`)
      return rows.map(toAgent)
    },

    async tokenRevokedAt(jti) {
      const row = await database.get(sql<{ revoked_at: number }>`
        select revoked_at from revocations where level = 'token' and target = ${jti}`)
      return row?.revoked_at
    },

    async lastExpiry() {
      const row = await database.get(sql<{ last: number | null }>`
        select greatest(
          (select max(expires_at) from agents where released_at is null and expired_at is null),
          (select max(expires_at) from tokens)) as last`)
      return row?.last ?? 0
    },

    async keyRing() {
      const row = await database.get(sql<KeyRingRow>`select * from key_ring`)
      return row && toKeyRing(row)
    },

    async unsealed(limit) {
      const [apps, launchTokens, agents] = await Promise.all([
        database.all(sql<AppRow>`select * from apps where mac is null limit ${limit}`),
        database.all(sql<LaunchTokenRow>`select * from launch_tokens where mac is null limit ${limit}`),
        database.all(sql<AgentRow>`select * from agents where mac is null limit ${limit}`),
      ])
      return { apps: apps.map(toApp), launchTokens: launchTokens.map(toLaunchToken), agents: agents.map(toAgent) }
    },

    async tokenExpiry(jti) {
      const row = await database.get(sql<{ expires_at: number }>`
        select expires_at from (
          select 1 as place, expires_at from agents where jti = ${jti}
          union all select 2, expires_at from tokens where jti = ${jti}
          union all select 3, expires_at from revocations
            where level = 'token' and target = ${jti} and expires_at is not null
        ) as found order by place limit 1`)
      return row?.expires_at
    },
  }
}

/**
 * Whether an agent's token, the agent, its task or its app is revoked (CONTRACT 2, "Active agent"). A cutoff ends every
 * agent that was registered up to then: its token cannot be renewed into a later one.
 */
const REVOKED = sql`(agents.revoked_at is not null
  or exists (select 1 from revocations as ended where ended.level = 'agent' and ended.target = agents.agent_id)
  or exists (select 1 from revocations as ended where ended.level = 'task' and ended.target = agents.task_id)
  or exists (select 1 from revocations as ended
    where ended.level = 'app' and ended.target = agents.app_id and ended.before >= agents.registered_at / 1000)
  or exists (select 1 from revocations as ended
    where ended.level = 'all' and ended.target = ${REVOKE_ALL_TARGET} and ended.before >= agents.registered_at / 1000))`

const isActive = (now: number): Query =>
  sql`agents.expires_at > ${now} and agents.released_at is null and agents.expired_at is null and not ${REVOKED}`

/** Whether a revocation ends an agent that is active. */
function coversAgent({ level, target }: RevocationTarget): Query {
  switch (level) {
    case "token":
      return sql`agents.jti = ${target}`
    case "agent":
      return sql`agents.agent_id = ${target}`
    case "task":
      return sql`agents.task_id = ${target}`
    case "app":
      return sql`agents.app_id = ${target}`
    case "chain":
      return sql`false`
    case "all":
      return sql`true`
  }
}

/** Whether a revocation ends a token that is live and not an agent's own. */
function coversToken({ level, target }: RevocationTarget): Query {
  const depends = sql`tokens.revoked_by && array[${`${level}:${target}`}]::text[]`
  return level === "token" ? sql`(tokens.jti = ${target} or ${depends})` : depends
}

/** Whether a token is neither expired nor revoked, by itself or by anything that it depends on. */
const isLive = (now: number): Query => sql`tokens.expires_at > ${now}
  and not exists (select 1 from revocations as ended where ended.level = 'token' and ended.target = tokens.jti)
  and not exists (
    select 1 from unnest(tokens.revoked_by) as dependency join revocations as ended
      on ended.level = split_part(dependency, ':', 1)
        and ended.target = substr(dependency, position(':' in dependency) + 1)
    where not ended.alone and coalesce(ended.before >= coalesce(tokens.issued_at, 0) / 1000, true))`

const statusAt = (now: number): Query => sql`case
  when agents.released_at is not null then 'released'
  when ${REVOKED} then 'revoked'
  when agents.expires_at <= ${now} then 'expired'
  else 'active' end`
