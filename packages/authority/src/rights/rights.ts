import { encodeBase64, type JsonObject, type JsonValue } from "@agentwrit/core"
import type { Write } from "../ports/change.ts"
import type { Agent, App, LaunchToken, StoredToken } from "../ports/records.ts"
import type { Revocation } from "../ports/revocation-log.ts"

// The rights that the tables hold, as the member `data` of events tells them (CONTRACT 4): wire names, instants in milliseconds,
// secrets only as their stored hash.

/** What a change gives or takes: for each kind, one entry for each write. */
export interface Rights extends JsonObject {
  readonly apps?: readonly JsonObject[]
  readonly launch_tokens?: readonly JsonObject[]
  /** Hashes of launch tokens that a registration used. */
  readonly used_launch_tokens?: readonly string[]
  /** Hashes of launch tokens that were made void. */
  readonly removed_launch_tokens?: readonly string[]
  readonly agents?: readonly JsonObject[]
  /** New tokens of agents. */
  readonly renewals?: readonly JsonObject[]
  readonly releases?: readonly JsonObject[]
  readonly tokens?: readonly JsonObject[]
  readonly revocations?: readonly JsonObject[]
}

/** The rights that a change gives or takes; `undefined` when there are none. */
export function rightsOf(writes: readonly Write[]): Rights | undefined {
  const rights: Record<string, JsonValue[]> = {}
  for (const write of writes) {
    const [kind, right] = rightOf(write) ?? []
    if (kind === undefined || right === undefined) continue
    rights[kind] ??= []
    rights[kind].push(right)
  }
  return Object.keys(rights).length === 0 ? undefined : (rights as Rights)
}

function rightOf(write: Write): readonly [kind: keyof Rights & string, right: JsonValue] | undefined {
  switch (write.type) {
    case "add_app":
    case "change_app":
      return ["apps", appRight(write.app)]
    case "add_launch_token":
      return ["launch_tokens", launchTokenRight(write.launchToken)]
    case "use_launch_token":
      return ["used_launch_tokens", write.hash]
    case "remove_launch_token":
      return ["removed_launch_tokens", write.hash]
    case "add_agent":
      return ["agents", agentRight(write.agent)]
    case "replace_token":
      return ["renewals", { agent_id: write.agentId, jti: write.toJti, expires_at: write.expiresAt }]
    case "release_agent":
      return ["releases", { agent_id: write.agentId, jti: write.jti }]
    case "add_token":
      return ["tokens", tokenRight(write.token)]
    case "revoke":
      return ["revocations", revocationRight(write.revocation)]
    default:
      return undefined
  }
}

export function appRight(app: App): JsonObject {
  return {
    app_id: app.appId,
    name: app.name,
    client_id: app.clientId,
    secret_hash: app.secretHash,
    scopes: app.scopes,
    token_ttl: app.tokenTtl,
    created_at: app.createdAt,
    updated_at: app.updatedAt,
    deregistered_at: app.deregisteredAt,
    orch_ids: app.orchIds,
    roles: app.roles,
    previous_secret_hash: app.previousSecret?.secretHash,
    previous_valid_until: app.previousSecret?.validUntil,
    revoked_at: app.revokedAt,
    revision: app.revision,
  }
}

/** A launch token's policy. How often it was used is not part of it, nor its name, which is free text and gives nothing. */
export function launchTokenRight(token: LaunchToken): JsonObject {
  return {
    hash: token.hash,
    allowed_scope: token.allowedScope,
    max_ttl: token.maxTtl,
    single_use: token.singleUse,
    orch_id: token.orchId,
    task_id: token.taskId,
    app_id: token.appId,
    created_at: token.createdAt,
    expires_at: token.expiresAt,
    max_lifetime: token.maxLifetime,
  }
}

/** An agent as it was registered, with its token. */
export function agentRight(agent: Agent): JsonObject {
  return { ...agentIdentity(agent), jti: agent.jti, expires_at: agent.expiresAt }
}

/** What never changes about an agent. */
export function agentIdentity(agent: Agent): JsonObject {
  return {
    agent_id: agent.agentId,
    orch_id: agent.orchId,
    task_id: agent.taskId,
    app_id: agent.appId,
    public_key: encodeBase64(agent.publicKey),
    scope: agent.scope,
    ttl: agent.ttl,
    registered_at: agent.registeredAt,
    bound: agent.bound,
    ends_at: agent.endsAt,
  }
}

export function tokenRight({ jti, expiresAt, revokedBy }: StoredToken): JsonObject {
  return { jti, expires_at: expiresAt, revoked_by: revokedBy }
}

export function revocationRight(revocation: Revocation): JsonObject {
  return {
    level: revocation.level,
    target: revocation.target,
    revoked_at: revocation.revokedAt,
    before: revocation.before,
    alone: revocation.alone,
    expires_at: revocation.expiresAt,
  }
}
