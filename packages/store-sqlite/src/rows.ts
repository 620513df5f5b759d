import type {
  Agent,
  AgentStatus,
  AgentView,
  App,
  LaunchToken,
  StoredKeyRing,
  StoredToken,
} from "@agentwrit/authority/ports"

// The rows of records, as SQLite stores them: instants in milliseconds, scopes as a JSON array, hashes as blobs.

export interface AppRow {
  readonly app_id: string
  readonly name: string
  readonly client_id: string
  readonly secret_hash: Uint8Array
  readonly scopes: string
  readonly token_ttl: number
  readonly created_at: number
  readonly updated_at: number
  readonly deregistered_at: number | null
  readonly orch_ids: string
  readonly roles: string
  readonly previous_secret_hash: Uint8Array | null
  readonly previous_valid_until: number | null
  readonly revoked_at: number | null
  readonly revision: number
  readonly mac: Uint8Array | null
}

export interface LaunchTokenRow {
  readonly hash: Uint8Array
  readonly agent_name: string
  readonly allowed_scope: string
  readonly max_ttl: number
  readonly single_use: 0 | 1
  readonly orch_id: string | null
  readonly task_id: string | null
  readonly app_id: string | null
  readonly created_at: number
  readonly expires_at: number
  readonly spent_at: number | null
  readonly max_lifetime: number | null
  readonly uses: number
  readonly mac: Uint8Array | null
}

export interface AgentRow {
  readonly agent_id: string
  readonly orch_id: string
  readonly task_id: string
  readonly app_id: string | null
  readonly public_key: Uint8Array
  readonly scope: string
  readonly ttl: number
  readonly jti: string
  readonly registered_at: number
  readonly expires_at: number
  readonly released_at: number | null
  readonly revoked_at: number | null
  /** When maintenance recorded that the token expired. */
  readonly expired_at: number | null
  readonly bound: 0 | 1
  readonly ends_at: number | null
  readonly mac: Uint8Array | null
}

export interface TokenRow {
  readonly jti: string
  readonly issued_at: number | null
  readonly expires_at: number
  /** `{level}:{target}` of everything whose revocation ends it, as a JSON array. */
  readonly revoked_by: string
}

export interface KeyRingRow {
  readonly id: 1
  readonly revision: number
  readonly keys: string
  readonly retired: string
  readonly mac: Uint8Array | null
}

export const toKeyRing = (row: KeyRingRow): StoredKeyRing => ({
  revision: row.revision,
  keys: JSON.parse(row.keys),
  retired: JSON.parse(row.retired),
  ...(row.mac !== null && { mac: row.mac }),
})

export const fromKeyRing = ({ revision, keys, retired, mac }: StoredKeyRing): KeyRingRow => ({
  id: 1,
  revision,
  keys: JSON.stringify(keys),
  retired: JSON.stringify(retired),
  mac: mac ?? null,
})

export const toToken = (row: TokenRow): StoredToken => ({
  jti: row.jti,
  ...(row.issued_at !== null && { issuedAt: row.issued_at }),
  expiresAt: row.expires_at,
  revokedBy: JSON.parse(row.revoked_by),
})

/** The columns of an agent in a list. */
export interface AgentViewRow
  extends Pick<AgentRow, "agent_id" | "orch_id" | "task_id" | "app_id" | "scope" | "registered_at" | "expires_at"> {
  readonly status: AgentStatus
}

export function toApp(row: AppRow): App {
  return {
    appId: row.app_id,
    name: row.name,
    clientId: row.client_id,
    secretHash: hex(row.secret_hash),
    scopes: JSON.parse(row.scopes),
    tokenTtl: row.token_ttl,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...(row.deregistered_at !== null && { deregisteredAt: row.deregistered_at }),
    orchIds: JSON.parse(row.orch_ids),
    roles: JSON.parse(row.roles),
    ...(row.previous_secret_hash !== null && {
      previousSecret: { secretHash: hex(row.previous_secret_hash), validUntil: row.previous_valid_until ?? 0 },
    }),
    ...(row.revoked_at !== null && { revokedAt: row.revoked_at }),
    revision: row.revision,
    ...(row.mac !== null && { mac: row.mac }),
  }
}

export function fromApp(app: App): AppRow {
  return {
    app_id: app.appId,
    name: app.name,
    client_id: app.clientId,
    secret_hash: blob(app.secretHash),
    scopes: JSON.stringify(app.scopes),
    token_ttl: app.tokenTtl,
    created_at: app.createdAt,
    updated_at: app.updatedAt,
    deregistered_at: app.deregisteredAt ?? null,
    orch_ids: JSON.stringify(app.orchIds),
    roles: JSON.stringify(app.roles),
    previous_secret_hash: app.previousSecret === undefined ? null : blob(app.previousSecret.secretHash),
    previous_valid_until: app.previousSecret?.validUntil ?? null,
    revoked_at: app.revokedAt ?? null,
    revision: app.revision,
    mac: app.mac ?? null,
  }
}

export function toLaunchToken(row: LaunchTokenRow): LaunchToken {
  return {
    hash: hex(row.hash),
    agentName: row.agent_name,
    allowedScope: JSON.parse(row.allowed_scope),
    maxTtl: row.max_ttl,
    singleUse: row.single_use === 1,
    ...(row.orch_id !== null && { orchId: row.orch_id }),
    ...(row.task_id !== null && { taskId: row.task_id }),
    ...(row.app_id !== null && { appId: row.app_id }),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(row.spent_at !== null && { spentAt: row.spent_at }),
    ...(row.max_lifetime !== null && { maxLifetime: row.max_lifetime }),
    uses: row.uses,
    ...(row.mac !== null && { mac: row.mac }),
  }
}

export function fromLaunchToken(token: LaunchToken): LaunchTokenRow {
  return {
    hash: blob(token.hash),
    agent_name: token.agentName,
    allowed_scope: JSON.stringify(token.allowedScope),
    max_ttl: token.maxTtl,
    single_use: token.singleUse ? 1 : 0,
    orch_id: token.orchId ?? null,
    task_id: token.taskId ?? null,
    app_id: token.appId ?? null,
    created_at: token.createdAt,
    expires_at: token.expiresAt,
    spent_at: token.spentAt ?? null,
    max_lifetime: token.maxLifetime ?? null,
    uses: token.uses,
    mac: token.mac ?? null,
  }
}

export function toAgent(row: AgentRow): Agent {
  return {
    agentId: row.agent_id,
    orchId: row.orch_id,
    taskId: row.task_id,
    ...(row.app_id !== null && { appId: row.app_id }),
    publicKey: new Uint8Array(row.public_key),
    scope: JSON.parse(row.scope),
    ttl: row.ttl,
    jti: row.jti,
    registeredAt: row.registered_at,
    expiresAt: row.expires_at,
    ...(row.released_at !== null && { releasedAt: row.released_at }),
    bound: row.bound === 1,
    ...(row.ends_at !== null && { endsAt: row.ends_at }),
    ...(row.mac !== null && { mac: row.mac }),
  }
}

export function fromAgent(agent: Agent): AgentRow {
  return {
    agent_id: agent.agentId,
    orch_id: agent.orchId,
    task_id: agent.taskId,
    app_id: agent.appId ?? null,
    public_key: agent.publicKey,
    scope: JSON.stringify(agent.scope),
    ttl: agent.ttl,
    jti: agent.jti,
    registered_at: agent.registeredAt,
    expires_at: agent.expiresAt,
    released_at: agent.releasedAt ?? null,
    revoked_at: null,
    expired_at: null,
    bound: agent.bound ? 1 : 0,
    ends_at: agent.endsAt ?? null,
    mac: agent.mac ?? null,
  }
}

export const fromToken = ({ jti, issuedAt, expiresAt, revokedBy }: StoredToken): TokenRow => ({
  jti,
  issued_at: issuedAt ?? null,
  expires_at: expiresAt,
  revoked_by: JSON.stringify(revokedBy),
})

export function toAgentView(row: AgentViewRow): AgentView {
  return {
    agentId: row.agent_id,
    orchId: row.orch_id,
    taskId: row.task_id,
    ...(row.app_id !== null && { appId: row.app_id }),
    scope: JSON.parse(row.scope),
    status: row.status,
    registeredAt: row.registered_at,
    expiresAt: row.expires_at,
  }
}

/** Bytes as lower-case hex. A blob is a Buffer on the thread that read it, and a plain array on another. */
export const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")

export const blob = (text: string): Buffer => Buffer.from(text, "hex")
