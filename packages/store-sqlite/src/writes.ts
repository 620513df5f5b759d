import { ConflictError, type ListedRevocation, type Write } from "@agentwrit/authority"
import { type Selectable, sql } from "kysely"
import { preparedEra } from "./revocation-era.ts"
import { preparedRevocations, preparedUnrevoked } from "./revocation-write.ts"
import { fromAgent, fromApp, fromLaunchToken } from "./rows.ts"
import type { AgentsTable, AppsTable, DelegatedTokensTable, LaunchTokensTable, SpentNoncesTable } from "./schema.ts"
import { type Prepare, parameter, rowParameters } from "./statements.ts"

type AppRow = Omit<Selectable<AppsTable>, "seq">

const APP_COLUMNS = [
  ...(["app_id", "name", "client_id", "secret_hash", "scopes", "token_ttl"] as const),
  ...(["created_at", "updated_at", "deregistered_at", "revision"] as const),
]

/**
 * Applies one write inside the open transaction, and answers what it listed anew as revoked. Throws {@link ConflictError} when its
 * condition does not hold.
 */
export type ApplyWrite = (write: Write) => ListedRevocation | undefined

/** Prepares the statement of each kind of write. */
export function preparedWrites(prepare: Prepare): ApplyWrite {
  const addApp = prepare<AppRow>((db) =>
    db
      .insertInto("apps")
      .values(rowParameters<AppRow>(APP_COLUMNS))
      .onConflict((conflict) => conflict.column("name").doNothing()),
  )
  const changeApp = prepare<AppRow>((db) =>
    db
      .updateTable("apps")
      .set(rowParameters<AppRow>(APP_COLUMNS))
      .where("app_id", "=", parameter<string>("app_id"))
      .where("revision", "=", sql<number>`${parameter("revision")} - 1`),
  )
  const requireApp = prepare<{ appId: string; revision: number }>((db) =>
    db
      .selectFrom("apps")
      .select("seq")
      .where("app_id", "=", parameter<string>("appId"))
      .where("revision", "=", parameter<number>("revision")),
  )
  const spendNonce = prepare<SpentNoncesTable>((db) =>
    db
      .insertInto("spent_nonces")
      .values(rowParameters<SpentNoncesTable>(["nonce", "expires_at"]))
      .onConflict((conflict) => conflict.doNothing()),
  )
  const addLaunchToken = prepare<LaunchTokensTable>((db) =>
    db
      .insertInto("launch_tokens")
      .values(
        rowParameters<LaunchTokensTable>([
          ...(["hash", "agent_name", "allowed_scope", "max_ttl", "single_use", "orch_id", "task_id"] as const),
          ...(["app_id", "created_at", "expires_at", "spent_at"] as const),
        ]),
      ),
  )
  const useLaunchToken = prepare<{ hash: Buffer; at: number }>((db) =>
    db
      .updateTable("launch_tokens")
      .set({ spent_at: sql<number | null>`iif(${sql.ref("single_use")}, ${parameter("at")}, null)` })
      .where("hash", "=", parameter<Buffer>("hash"))
      .where("spent_at", "is", null)
      .where("expires_at", ">", parameter<number>("at")),
  )
  const addAgent = prepare<Omit<AgentsTable, "seq">>((db) =>
    db
      .insertInto("agents")
      .values(
        rowParameters<Omit<AgentsTable, "seq">>([
          ...(["agent_id", "orch_id", "task_id", "app_id", "public_key", "scope", "ttl", "jti"] as const),
          ...(["registered_at", "expires_at", "released_at", "revoked_at", "expired_at"] as const),
        ]),
      ),
  )
  const addDelegatedToken = prepare<DelegatedTokensTable>((db) =>
    db.insertInto("delegated_tokens").values(rowParameters<DelegatedTokensTable>(["jti", "expires_at"])),
  )
  const replaceToken = prepare<{ agentId: string; fromJti: string; toJti: string; expiresAt: number }>((db) =>
    db
      .updateTable("agents")
      .set({ jti: parameter<string>("toJti"), expires_at: parameter<number>("expiresAt"), expired_at: sql<null>`null` })
      .where("agent_id", "=", parameter<string>("agentId"))
      .where("jti", "=", parameter<string>("fromJti"))
      .where("released_at", "is", null)
      .where("revoked_at", "is", null),
  )
  const expireAgent = prepare<{ agentId: string; jti: string; at: number }>((db) =>
    db
      .updateTable("agents")
      .set({ expired_at: parameter<number>("at") })
      .where("agent_id", "=", parameter<string>("agentId"))
      .where("jti", "=", parameter<string>("jti"))
      .where("released_at", "is", null)
      .where("expired_at", "is", null),
  )
  const releaseAgent = prepare<{ agentId: string; jti: string; at: number }>((db) =>
    db
      .updateTable("agents")
      .set({ released_at: parameter<number>("at") })
      .where("agent_id", "=", parameter<string>("agentId"))
      .where("jti", "=", parameter<string>("jti")),
  )
  const revoke = preparedRevocations(prepare)
  const requireUnrevoked = preparedUnrevoked(prepare)
  const forgetLaunchTokens = prepare((db) => db.deleteFrom("launch_tokens"))
  const beginEra = preparedEra(prepare)

  return (write) => {
    switch (write.type) {
      case "add_app":
        if (addApp.run(fromApp(write.app)).changes === 0) throw new ConflictError("app_name_taken")
        return undefined
      case "change_app":
        if (changeApp.run(fromApp(write.app)).changes === 0) throw new ConflictError("app_changed")
        return undefined
      case "require_app":
        if (requireApp.get({ appId: write.appId, revision: write.revision }) === undefined)
          throw new ConflictError("app_changed")
        return undefined
      case "spend_nonce":
        if (spendNonce.run({ nonce: Buffer.from(write.nonce), expires_at: write.expiresAt }).changes === 0)
          throw new ConflictError("nonce_spent")
        return undefined
      case "add_launch_token":
        addLaunchToken.run(fromLaunchToken(write.launchToken))
        return undefined
      case "use_launch_token":
        if (useLaunchToken.run({ hash: Buffer.from(write.hash, "hex"), at: write.at }).changes === 0)
          throw new ConflictError("launch_token_unusable")
        return undefined
      case "add_agent":
        addAgent.run(fromAgent(write.agent))
        return undefined
      case "add_delegated_token":
        addDelegatedToken.run({ jti: write.jti, expires_at: write.expiresAt })
        return undefined
      case "replace_token":
        if (replaceToken.run(write).changes === 0) throw new ConflictError("token_superseded")
        return undefined
      case "expire_agent":
        if (expireAgent.run(write).changes === 0) throw new ConflictError("token_superseded")
        return undefined
      case "release_agent":
        releaseAgent.run(write)
        return undefined
      case "revoke":
        return revoke(write)
      case "require_unrevoked":
        requireUnrevoked(write.jti)
        return undefined
      case "begin_era":
        forgetLaunchTokens.run({})
        beginEra()
        return undefined
    }
  }
}
