import { ConflictError, REVOCATION_ERA, type Write } from "@agentwrit/authority/ports"
import { encodeBase64Url, REVOKE_ALL_TARGET, revocationDigest } from "@agentwrit/core"
import { REVOCATION_COLUMNS, type RevocationRow, revocationHead } from "./revocation-rows.ts"
import { blob, fromAgent, fromApp, fromKeyRing, fromLaunchToken, fromToken } from "./rows.ts"
import { insert, type Statements, sql } from "./sql.ts"

/** What almost every token depends on: not worth a row for each. */
const ALL = `all:${REVOKE_ALL_TARGET}`

type RevokeWrite = Extract<Write, { readonly type: "revoke" }>

/**
 * Applies a write inside the open transaction.
 * @param event sequence number of the event that tells of it: rows that are set refer to it. `null`: there is none.
 * @returns the entry that it appended to the revocation log, if any.
 * @throws {@link ConflictError} when its condition does not hold.
 */
export function applyWrite(statements: Statements, write: Write, event: number | null): RevocationRow | undefined {
  switch (write.type) {
    case "add_app": {
      const { text, values } = insert("apps", { ...fromApp(write.app), event })
      const added = statements.run({ text: `${text} on conflict (name) do nothing`, values })
      if (added === 0) throw new ConflictError("app_name_taken")
      const { appId, orchIds } = write.app
      const sharing = statements.get(sql`
        select 1 from apps, json_each(apps.orch_ids) as owned
        where apps.orch_ids <> '[]' and deregistered_at is null and app_id <> ${appId}
          and owned.value in (select value from json_each(${JSON.stringify(orchIds)}))`)
      if (sharing !== undefined) throw new ConflictError("orch_id_taken")
      return undefined
    }
    case "change_app": {
      const app = fromApp(write.app)
      const changed = statements.run(sql`
        update apps set name = ${app.name}, client_id = ${app.client_id}, secret_hash = ${app.secret_hash},
          scopes = ${app.scopes}, token_ttl = ${app.token_ttl}, created_at = ${app.created_at},
          updated_at = ${app.updated_at}, deregistered_at = ${app.deregistered_at}, orch_ids = ${app.orch_ids},
          roles = ${app.roles}, previous_secret_hash = ${app.previous_secret_hash},
          previous_valid_until = ${app.previous_valid_until}, revoked_at = ${app.revoked_at}, revision = ${app.revision},
          mac = ${app.mac}, event = ${event}
        where app_id = ${app.app_id} and revision = ${app.revision - 1}`)
      if (changed === 0) throw new ConflictError("app_changed")
      return undefined
    }
    case "require_app": {
      const { appId, revision } = write
      const app = statements.get(sql`select 1 from apps where app_id = ${appId} and revision = ${revision}`)
      if (app === undefined) throw new ConflictError("app_changed")
      return undefined
    }
    case "spend_nonce": {
      const { nonce, expiresAt } = write
      const spent = statements.run(
        sql`insert into spent_nonces (nonce, expires_at) values (${nonce}, ${expiresAt}) on conflict do nothing`,
      )
      if (spent === 0) throw new ConflictError("nonce_spent")
      return undefined
    }
    case "add_launch_token":
      statements.run(insert("launch_tokens", { ...fromLaunchToken(write.launchToken), event }))
      return undefined
    case "use_launch_token": {
      const { hash, at } = write
      const used = statements.run(sql`
        update launch_tokens set uses = uses + 1, spent_at = iif(single_use, ${at}, null)
        where hash = ${blob(hash)} and spent_at is null and expires_at > ${at}`)
      if (used === 0) throw new ConflictError("launch_token_unusable")
      return undefined
    }
    case "remove_launch_token": {
      const removed = statements.run(sql`delete from launch_tokens where hash = ${blob(write.hash)}`)
      if (removed === 0) throw new ConflictError("launch_token_unusable")
      return undefined
    }
    case "add_agent": {
      const { appId, orchId } = write.agent
      if (appId !== undefined) requireOwnOrchestration(statements, appId, orchId)
      statements.run(insert("agents", { ...fromAgent(write.agent), event }))
      return undefined
    }
    case "add_token":
      statements.run(insert("tokens", { ...fromToken(write.token), event }))
      for (const target of write.token.revokedBy)
        if (target !== ALL) statements.run(insert("token_targets", { target, jti: write.token.jti }))
      return undefined
    case "replace_token": {
      const { agentId, fromJti, toJti, expiresAt } = write
      const replaced = statements.run(sql`
        update agents set jti = ${toJti}, expires_at = ${expiresAt}, expired_at = null, event = ${event}
        where agent_id = ${agentId} and jti = ${fromJti} and released_at is null and revoked_at is null`)
      if (replaced === 0) throw new ConflictError("token_superseded")
      return undefined
    }
    case "expire_agent": {
      const { agentId, jti, at } = write
      const expired = statements.run(sql`
        update agents set expired_at = ${at}
        where agent_id = ${agentId} and jti = ${jti} and released_at is null and expired_at is null`)
      if (expired === 0) throw new ConflictError("token_superseded")
      return undefined
    }
    case "release_agent": {
      const { agentId, jti, at } = write
      statements.run(sql`update agents set released_at = ${at} where agent_id = ${agentId} and jti = ${jti}`)
      return undefined
    }
    case "revoke":
      return revoke(statements, write, event)
    case "require_unrevoked":
      if (isRevoked(statements, "token", write.jti)) throw new ConflictError("already_revoked")
      return undefined
    case "set_key_ring": {
      const { ring } = write
      const former = statements.get(sql<{ revision: number }>`select revision from key_ring`)
      if ((former?.revision ?? 0) !== ring.revision - 1) throw new ConflictError("key_ring_changed")
      statements.run(sql`delete from key_ring`)
      statements.run(insert("key_ring", { ...fromKeyRing(ring), event }))
      return undefined
    }
    case "seal_app":
      statements.run(sql`update apps set mac = ${write.mac} where app_id = ${write.appId} and mac is null`)
      return undefined
    case "seal_launch_token":
      statements.run(sql`update launch_tokens set mac = ${write.mac} where hash = ${blob(write.hash)} and mac is null`)
      return undefined
    case "seal_agent":
      statements.run(sql`update agents set mac = ${write.mac} where agent_id = ${write.agentId} and mac is null`)
      return undefined
    case "begin_era":
      beginEra(statements)
      return undefined
  }
}

function requireOwnOrchestration(statements: Statements, appId: string, orchId: string): void {
  const owners = statements.all(sql<{ app_id: string }>`
    select app_id from apps, json_each(apps.orch_ids) as owned where apps.orch_ids <> '[]' and owned.value = ${orchId}`)
  if (owners.length > 0 && !owners.some(({ app_id }) => app_id === appId)) throw new ConflictError("orch_id_taken")
}

function revoke(
  statements: Statements,
  { revocation, once = false }: RevokeWrite,
  event: number | null,
): RevocationRow | undefined {
  const { level, target, revokedAt, before = null, expiresAt, pruneAfter } = revocation
  const alone = revocation.alone ? 1 : 0
  if (level === "token" && !once)
    statements.run(sql`update agents set revoked_at = ${revokedAt} where jti = ${target} and revoked_at is null`)
  // Looked up first: an insertion that conflicts would use up a position, and the head would run ahead of the entries.
  if (isRevoked(statements, level, target)) {
    if (once) throw new ConflictError("already_revoked")
    // An entry never changes, so followers never read back. A later expiry takes a new entry.
    const removed = statements.run(sql`
      delete from revocations
      where level = ${level} and target = ${target}
        and (expires_at < ifnull(${expiresAt}, 9e18) or before < ${before} or alone > ${alone})`)
    if (removed === 0) return undefined
  }
  const digest = encodeBase64Url(revocationDigest(level, target))
  return statements.get(sql<RevocationRow>`
    insert into revocations (level, target, digest, revoked_at, before, alone, expires_at, forget_at, event)
    values (${level}, ${target}, ${digest}, ${revokedAt}, ${before}, ${alone}, ${expiresAt}, ${pruneAfter}, ${event})
    returning ${REVOCATION_COLUMNS}`)
}

const isRevoked = (statements: Statements, level: string, target: string): boolean =>
  statements.get(sql`select 1 from revocations where level = ${level} and target = ${target}`) !== undefined

function beginEra(statements: Statements): void {
  const head = statements.get(revocationHead)?.head ?? 0
  statements.run(sql`delete from launch_tokens`)
  statements.run(sql`delete from key_ring`)
  statements.run(sql`update apps set mac = null`)
  statements.run(sql`update agents set mac = null`)
  statements.run(sql`update revocations set seq = seq + ${REVOCATION_ERA}`)
  statements.run(sql`delete from sqlite_sequence where name = 'revocations'`)
  statements.run(insert("sqlite_sequence", { name: "revocations", seq: head + REVOCATION_ERA }))
}
