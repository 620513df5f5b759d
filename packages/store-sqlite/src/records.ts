import type { Affected, Records } from "@agentwrit/authority/ports"
import { REVOKE_ALL_TARGET, type RevocationLevel, type RevocationTarget } from "@agentwrit/core"
import type { Reader } from "./reader.ts"
import {
  type AgentRow,
  type AgentViewRow,
  type AppRow,
  blob,
  type KeyRingRow,
  type LaunchTokenRow,
  toAgent,
  toAgentView,
  toApp,
  toKeyRing,
  toLaunchToken,
} from "./rows.ts"
import { filter, type Query, sql, where } from "./sql.ts"

/** @param counter reads what a revocation ends. A reader of its own, so that a revocation waits for no other query. */
export function sqliteRecords(reader: Reader, counter: Reader): Records {
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

    async launchTokens({ appId, limit, offset }, now) {
      const matching = where(
        sql`expires_at > ${now}`,
        filter(appId, (value) => sql`app_id = ${value}`),
      )
      const [rows, counts] = await Promise.all([
        reader.query(sql<LaunchTokenRow>`
          select * from launch_tokens ${matching} order by created_at desc, hash limit ${limit} offset ${offset}`),
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
        where ${isActive(now)}`)
      return row?.active ?? 0
    },

    async startCount(target, now) {
      const { rows } = await counter.startQuery(sql<Affected>`
        select active as agents, active + others as tokens from
          (select count(*) as active from agents where ${coversAgent(target)} and ${isActive(now)}),
          (select count(*) as others from tokens where ${coversToken(target)} and ${isLive(now, target.level)})`)
      return { affected: rows.then(([row]) => row ?? { agents: 0, tokens: 0 }) }
    },

    async affectedIds(target, now, agentLimit) {
      const [agents, apps] = await Promise.all([
        reader.query(sql<{ agent_id: string }>`
          select agent_id from agents where ${coversAgent(target)} and ${isActive(now)}
          order by seq desc limit ${agentLimit}`),
        reader.query(sql<{ app_id: string }>`
          select app_id from agents where ${coversAgent(target)} and ${isActive(now)} and app_id is not null
          union
          select substr(value, 5) from tokens, json_each(tokens.revoked_by)
          where ${coversToken(target)} and ${isLive(now, target.level)} and value like 'app:%'
          order by 1`),
      ])
      return { agents: agents.map((row) => row.agent_id), apps: apps.map((row) => row.app_id) }
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

    async lastExpiry() {
      const row = reader.get(sql<{ last: number | null }>`
        select max(last) as last from (
          select max(expires_at) as last from agents where released_at is null and expired_at is null
          union all select max(expires_at) from tokens)`)
      return row?.last ?? 0
    },

    async keyRing() {
      const row = reader.get(sql<KeyRingRow>`select * from key_ring`)
      return row && toKeyRing(row)
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
        union all select expires_at from tokens where jti = ${jti}
        union all select expires_at from revocations
          where level = 'token' and target = ${jti} and expires_at is not null`)
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

const isActive = (now: number): Query =>
  sql`expires_at > ${now} and released_at is null and expired_at is null and not ${REVOKED}`

/** Whether a revocation ends an agent that is active. */
function coversAgent({ level, target }: RevocationTarget): Query {
  switch (level) {
    case "token":
      return sql`jti = ${target}`
    case "agent":
      return sql`agent_id = ${target}`
    case "task":
      return sql`task_id = ${target}`
    case "app":
      return sql`app_id = ${target}`
    case "chain":
      return sql`false`
    case "all":
      return sql`true`
  }
}

/** Whether a revocation ends a token that is live and not an agent's own. */
function coversToken({ level, target }: RevocationTarget): Query {
  if (level === "all") return sql`instr(tokens.revoked_by, '"all:*"') > 0`
  return sql`tokens.jti in
    (select jti from token_targets where target = ${`${level}:${target}`}
     union all select ${target} where ${level} = 'token')`
}

/** Whether a token is neither expired nor revoked, by itself or by anything that it depends on. */
const isLive = (now: number, level: RevocationLevel): Query => sql`expires_at > ${now}
  and not exists (select 1 from revocations where level = 'token' and target = tokens.jti)
  and not ${WIDE_LEVELS.has(level) ? IS_AMONG_ENDED : HAS_ENDED_DEPENDENCY}`

/**
 * Levels that may end very many tokens: one pass over the revocations then costs less than one over each token's
 * dependencies.
 */
const WIDE_LEVELS: ReadonlySet<RevocationLevel> = new Set(["task", "app", "all"])

const HAS_ENDED_DEPENDENCY = sql`exists (
  select 1 from json_each(tokens.revoked_by) as dependency join revocations as ended
    on ended.level = substr(dependency.value, 1, instr(dependency.value, ':') - 1)
      and ended.target = substr(dependency.value, instr(dependency.value, ':') + 1)
  where not ended.alone and ifnull(ended.before >= ifnull(tokens.issued_at, 0) / 1000, true))`

const IS_AMONG_ENDED = sql`(tokens.jti in (
    select dependent.jti from revocations as ended
      cross join token_targets as found on found.target = ended.level || ':' || ended.target
      cross join tokens as dependent on dependent.jti = found.jti
    where not ended.alone and ifnull(ended.before >= ifnull(dependent.issued_at, 0) / 1000, true))
  or exists (select 1 from revocations where level = 'all' and before >= ifnull(tokens.issued_at, 0) / 1000
    and instr(tokens.revoked_by, '"all:*"') > 0))`

const statusAt = (now: number): Query => sql`case
  when released_at is not null then 'released'
  when ${REVOKED} then 'revoked'
  when expires_at <= ${now} then 'expired'
  else 'active' end`
