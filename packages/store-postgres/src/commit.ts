import { type ConflictCode, REVOCATION_ERA, type Write } from "@agentwrit/authority/ports"
import { revocationDigest } from "@agentwrit/core"
import { recordOf, recordOfAgent } from "./rows.ts"
import { type Query, sql } from "./sql.ts"

/** A statement of a write. The statements of a batch are sent together, so none depends on another's answer. */
export interface Step {
  readonly query: Query
  /** The write's condition fails with it when the statement finds or changes no row. */
  readonly conflict?: ConflictCode
}

type RevokeWrite = Extract<Write, { readonly type: "revoke" }>

/**
 * The statements of a write. They run while this transaction holds the head row, so nobody else writes meanwhile.
 * @param event sequence number of the event that tells of it: rows that are set refer to it. `null`: there is none.
 * @param broker the broker that commits.
 */
export function stepsOf(write: Write, event: number | null, broker: string): readonly Step[] {
  switch (write.type) {
    case "add_app": {
      const { app } = write
      return [
        {
          conflict: "app_name_taken",
          query: sql`
            insert into apps (app_id, name, client_id, orch_ids, deregistered_at, revision, record, mac, event)
            values (${app.appId}, ${app.name}, ${app.clientId}, ${app.orchIds}, ${app.deregisteredAt ?? null},
              ${app.revision}, ${recordOf(app)}, ${app.mac ?? null}, ${event})
            on conflict (name) do nothing`,
        },
        {
          conflict: "orch_id_taken",
          query: sql`select 1 where not exists (select 1 from apps
            where orch_ids && ${app.orchIds}::text[] and deregistered_at is null and app_id <> ${app.appId})`,
        },
      ]
    }
    case "change_app": {
      const { app } = write
      return [
        {
          conflict: "app_changed",
          query: sql`
            update apps set name = ${app.name}, client_id = ${app.clientId}, orch_ids = ${app.orchIds},
              deregistered_at = ${app.deregisteredAt ?? null}, revision = ${app.revision}, record = ${recordOf(app)},
              mac = ${app.mac ?? null}, event = ${event}
            where app_id = ${app.appId} and revision = ${app.revision - 1}`,
        },
      ]
    }
    case "require_app":
      return [
        {
          conflict: "app_changed",
          query: sql`select 1 from apps where app_id = ${write.appId} and revision = ${write.revision}`,
        },
      ]
    case "spend_nonce":
      return [
        {
          conflict: "nonce_spent",
          query: sql`
            insert into spent_nonces (nonce, expires_at) values (${write.nonce}, ${write.expiresAt})
            on conflict do nothing`,
        },
      ]
    case "add_launch_token": {
      const { launchToken: token } = write
      return [
        {
          query: sql`
            insert into launch_tokens
              (hash, app_id, created_at, expires_at, single_use, uses, spent_at, record, mac, event)
            values (${token.hash}, ${token.appId ?? null}, ${token.createdAt}, ${token.expiresAt}, ${token.singleUse},
              ${token.uses}, ${token.spentAt ?? null}, ${recordOf(token)}, ${token.mac ?? null}, ${event})`,
        },
      ]
    }
    case "use_launch_token":
      return [
        {
          conflict: "launch_token_unusable",
          query: sql`
            update launch_tokens set uses = uses + 1, spent_at = case when single_use then ${write.at}::bigint end
            where hash = ${write.hash} and spent_at is null and expires_at > ${write.at}`,
        },
      ]
    case "remove_launch_token":
      return [{ conflict: "launch_token_unusable", query: sql`delete from launch_tokens where hash = ${write.hash}` }]
    case "add_agent": {
      const { agent } = write
      const insert = {
        query: sql`
          insert into agents
            (agent_id, orch_id, task_id, app_id, public_key, jti, registered_at, expires_at, released_at, record, mac, event)
          values (${agent.agentId}, ${agent.orchId}, ${agent.taskId}, ${agent.appId ?? null}, ${agent.publicKey},
            ${agent.jti}, ${agent.registeredAt}, ${agent.expiresAt}, ${agent.releasedAt ?? null},
            ${recordOfAgent(agent)}, ${agent.mac ?? null}, ${event})`,
      }
      if (agent.appId === undefined) return [insert]
      const isFree: Step = {
        conflict: "orch_id_taken",
        query: sql`
          select 1 where not exists (select 1 from apps where orch_ids && array[${agent.orchId}]::text[])
            or exists (select 1 from apps where orch_ids && array[${agent.orchId}]::text[] and app_id = ${agent.appId})`,
      }
      return [isFree, insert]
    }
    case "add_token": {
      const { jti, issuedAt = null, expiresAt, revokedBy } = write.token
      return [
        {
          query: sql`
            insert into tokens (jti, issued_at, expires_at, revoked_by, event)
            values (${jti}, ${issuedAt}, ${expiresAt}, ${revokedBy}, ${event})`,
        },
      ]
    }
    case "replace_token":
      return [
        {
          conflict: "token_superseded",
          query: sql`
            update agents set jti = ${write.toJti}, expires_at = ${write.expiresAt}, expired_at = null, event = ${event}
            where agent_id = ${write.agentId} and jti = ${write.fromJti} and released_at is null and revoked_at is null`,
        },
      ]
    case "expire_agent":
      return [
        {
          conflict: "token_superseded",
          query: sql`
            update agents set expired_at = ${write.at}
            where agent_id = ${write.agentId} and jti = ${write.jti} and released_at is null and expired_at is null`,
        },
      ]
    case "release_agent":
      return [
        {
          query: sql`
            update agents set released_at = ${write.at} where agent_id = ${write.agentId} and jti = ${write.jti}`,
        },
      ]
    case "revoke":
      return revocationSteps(write, event)
    case "require_unrevoked":
      return [
        {
          conflict: "already_revoked",
          query: sql`
            select 1 where not exists
              (select 1 from revocations where level = 'token' and target = ${write.jti})`,
        },
      ]
    case "set_key_ring": {
      const { ring } = write
      return [
        {
          conflict: "key_ring_changed",
          query: sql`select 1 where ${ring.revision - 1} = coalesce((select revision from key_ring), 0)`,
        },
        {
          query: sql`
            insert into key_ring (id, revision, record, mac, event)
            values (1, ${ring.revision}, ${recordOf(ring)}, ${ring.mac ?? null}, ${event})
            on conflict (id) do update set revision = excluded.revision, record = excluded.record, mac = excluded.mac,
              event = excluded.event`,
        },
        { query: sql`update head set key_rings = key_rings + 1, key_ring_by = ${broker}` },
      ]
    }
    case "seal_app":
      return [{ query: sql`update apps set mac = ${write.mac} where app_id = ${write.appId} and mac is null` }]
    case "seal_launch_token":
      return [{ query: sql`update launch_tokens set mac = ${write.mac} where hash = ${write.hash} and mac is null` }]
    case "seal_agent":
      return [{ query: sql`update agents set mac = ${write.mac} where agent_id = ${write.agentId} and mac is null` }]
    case "begin_era":
      return [
        { query: sql`delete from launch_tokens` },
        { query: sql`delete from key_ring` },
        { query: sql`update apps set mac = null` },
        { query: sql`update agents set mac = null` },
        { query: sql`update revocations set seq = seq + ${REVOCATION_ERA}` },
        { query: sql`update head set revocations = revocations + ${REVOCATION_ERA}` },
      ]
  }
}

function revocationSteps({ revocation, once = false }: RevokeWrite, event: number | null): readonly Step[] {
  const { level, target, revokedAt, before = null, alone = false, expiresAt, pruneAfter } = revocation
  // An entry takes a new position when it changes, so followers never read back.
  const entry: Step = {
    ...(once && { conflict: "already_revoked" }),
    query: sql`
      with entry as (
        insert into revocations (seq, level, target, digest, revoked_at, before, alone, expires_at, prune_after, event)
        values ((select revocations + 1 from head), ${level}, ${target}, ${revocationDigest(level, target)},
          ${revokedAt}, ${before}, ${alone}, ${expiresAt}, ${pruneAfter}, ${event})
        on conflict (level, target) do update set seq = excluded.seq, revoked_at = excluded.revoked_at,
          before = excluded.before, alone = excluded.alone, expires_at = excluded.expires_at,
          prune_after = excluded.prune_after, event = excluded.event
        where not ${once} and (revocations.expires_at < coalesce(excluded.expires_at, ${Number.MAX_SAFE_INTEGER})
          or revocations.before < excluded.before or (revocations.alone and not excluded.alone))
        returning seq
      )
      update head set revocations = entry.seq from entry`,
  }
  if (level !== "token" || once) return [entry]
  return [
    { query: sql`update agents set revoked_at = ${revokedAt} where jti = ${target} and revoked_at is null` },
    entry,
  ]
}
