import { encodeBase64, type JsonObject, type JsonValue } from "@agentwrit/core"
import type { Write } from "../ports/change.ts"
import type { Agent, App, LaunchToken, StoredKeyRing, StoredToken } from "../ports/records.ts"
import type { Revocation } from "../ports/revocation-log.ts"

// The rights that the tables hold, as the member `data` of events tells them (CONTRACT 4): wire names, instants in
// milliseconds, secrets only as their stored hash. Members are in the order of RFC 8785: the event's hash then needs no
// sorting.

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
  readonly key_rings?: readonly JsonObject[]
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
  const kinds = Object.keys(rights)
  if (kinds.length === 0) return undefined
  return Object.fromEntries(kinds.sort().map((kind) => [kind, rights[kind]]))
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
      return ["renewals", { agent_id: write.agentId, expires_at: write.expiresAt, jti: write.toJti }]
    case "release_agent":
      return ["releases", { agent_id: write.agentId, jti: write.jti }]
    case "add_token":
      return ["tokens", tokenRight(write.token)]
    case "revoke":
      return ["revocations", revocationRight(write.revocation)]
    case "set_key_ring":
      return ["key_rings", keyRingRight(write.ring)]
    default:
      return undefined
  }
}

export function appRight(app: App): JsonObject {
  return {
    app_id: app.appId,
    client_id: app.clientId,
    created_at: app.createdAt,
    deregistered_at: app.deregisteredAt,
    name: app.name,
    orch_ids: app.orchIds,
    previous_secret_hash: app.previousSecret?.secretHash,
    previous_valid_until: app.previousSecret?.validUntil,
    revision: app.revision,
    revoked_at: app.revokedAt,
    roles: app.roles,
    scopes: app.scopes,
    secret_hash: app.secretHash,
    token_ttl: app.tokenTtl,
    updated_at: app.updatedAt,
  }
}

/**
 * A launch token's policy. How often it was used is not part of it, nor its name, which is free text and gives nothing.
 */
export function launchTokenRight(token: LaunchToken): JsonObject {
  return {
    allowed_scope: token.allowedScope,
    app_id: token.appId,
    created_at: token.createdAt,
    expires_at: token.expiresAt,
    hash: token.hash,
    max_lifetime: token.maxLifetime,
    max_ttl: token.maxTtl,
    orch_id: token.orchId,
    single_use: token.singleUse,
    task_id: token.taskId,
  }
}

/** An agent as it was registered, with its token. */
export function agentRight(agent: Agent): JsonObject {
  const { agent_id, app_id, bound, ends_at, ...others } = agentIdentity(agent)
  return { agent_id, app_id, bound, ends_at, expires_at: agent.expiresAt, jti: agent.jti, ...others }
}

/** What never changes about an agent. */
export function agentIdentity(agent: Agent): JsonObject {
  return {
    agent_id: agent.agentId,
    app_id: agent.appId,
    bound: agent.bound,
    ends_at: agent.endsAt,
    orch_id: agent.orchId,
    public_key: encodeBase64(agent.publicKey),
    registered_at: agent.registeredAt,
    scope: agent.scope,
    task_id: agent.taskId,
    ttl: agent.ttl,
  }
}

export function tokenRight({ jti, issuedAt, expiresAt, revokedBy }: StoredToken): JsonObject {
  return { expires_at: expiresAt, issued_at: issuedAt, jti, revoked_by: revokedBy }
}

export function revocationRight(revocation: Revocation): JsonObject {
  return {
    alone: revocation.alone,
    before: revocation.before,
    expires_at: revocation.expiresAt,
    level: revocation.level,
    revoked_at: revocation.revokedAt,
    target: revocation.target,
  }
}

export function keyRingRight({ revision, keys, retired }: StoredKeyRing): JsonObject {
  return {
    keys: keys.map(({ jwk, use, state, createdAt, signsFrom, verifiesUntil }) => ({
      created_at: createdAt,
      jwk: { ...jwk },
      signs_from: signsFrom,
      state,
      use,
      verifies_until: verifiesUntil,
    })),
    retired: retired.map(({ keyId, at }) => ({ at, kid: keyId })),
    revision,
  }
}
