import type { AuditEvent, AuditEventType, AuditOutcome } from "@agentwrit/audit"
import { eventId } from "@agentwrit/audit"
import type { Agent, AgentView, App, KeptCheckpoint, LaunchToken, ListedRevocation } from "@agentwrit/authority"
import type { RevocationLevel } from "@agentwrit/core"
import type { Selectable } from "kysely"
import type { AgentViewRow } from "./agent-query.ts"
import type {
  AgentsTable,
  AppsTable,
  CheckpointsTable,
  EventsTable,
  LaunchTokensTable,
  RevocationsTable,
} from "./schema.ts"

/** A row's blobs, which arrive as Buffers on this thread and as plain arrays from another. */
const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")
const blob = (text: string): Buffer => Buffer.from(text, "hex")
/** An instant that someone put there and that is none has a form that no event's hash covers. */
const instant = (milliseconds: number): string => {
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? String(milliseconds) : date.toISOString()
}
const scopes = (json: string): string[] => JSON.parse(json)

/** What of a revocation the feed tells. */
export type ListedRevocationRow = Pick<Selectable<RevocationsTable>, "seq" | "level" | "digest" | "expires_at">

export function toEvent(row: EventsTable): AuditEvent {
  return {
    id: eventId(row.seq),
    timestamp: instant(row.timestamp),
    event_type: row.event_type as AuditEventType,
    ...(row.agent_id !== null && { agent_id: row.agent_id }),
    ...(row.task_id !== null && { task_id: row.task_id }),
    ...(row.orch_id !== null && { orch_id: row.orch_id }),
    detail: row.detail,
    ...(row.resource !== null && { resource: row.resource }),
    outcome: row.outcome as AuditOutcome,
    ...(row.deleg_depth !== null && { deleg_depth: row.deleg_depth }),
    ...(row.deleg_chain_hash !== null && { deleg_chain_hash: row.deleg_chain_hash }),
    ...(row.bytes_transferred !== null && { bytes_transferred: row.bytes_transferred }),
    hash: hex(row.hash),
    prev_hash: hex(row.prev_hash),
  }
}

export function fromEvent(event: AuditEvent, seq: number, timestamp: number): EventsTable {
  return {
    seq,
    timestamp,
    event_type: event.event_type,
    agent_id: event.agent_id ?? null,
    task_id: event.task_id ?? null,
    orch_id: event.orch_id ?? null,
    detail: event.detail,
    resource: event.resource ?? null,
    outcome: event.outcome,
    deleg_depth: event.deleg_depth ?? null,
    deleg_chain_hash: event.deleg_chain_hash ?? null,
    bytes_transferred: event.bytes_transferred ?? null,
    hash: blob(event.hash),
    prev_hash: blob(event.prev_hash),
  }
}

export function toApp(row: Selectable<AppsTable>): App {
  return {
    appId: row.app_id,
    name: row.name,
    clientId: row.client_id,
    secretHash: hex(row.secret_hash),
    scopes: scopes(row.scopes),
    tokenTtl: row.token_ttl,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...(row.deregistered_at !== null && { deregisteredAt: row.deregistered_at }),
    revision: row.revision,
  }
}

export function fromApp(app: App): Omit<Selectable<AppsTable>, "seq"> {
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
    revision: app.revision,
  }
}

export function toLaunchToken(row: LaunchTokensTable): LaunchToken {
  return {
    hash: hex(row.hash),
    agentName: row.agent_name,
    allowedScope: scopes(row.allowed_scope),
    maxTtl: row.max_ttl,
    singleUse: row.single_use === 1,
    ...(row.orch_id !== null && { orchId: row.orch_id }),
    ...(row.task_id !== null && { taskId: row.task_id }),
    ...(row.app_id !== null && { appId: row.app_id }),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(row.spent_at !== null && { spentAt: row.spent_at }),
  }
}

export function fromLaunchToken(launchToken: LaunchToken): LaunchTokensTable {
  return {
    hash: blob(launchToken.hash),
    agent_name: launchToken.agentName,
    allowed_scope: JSON.stringify(launchToken.allowedScope),
    max_ttl: launchToken.maxTtl,
    single_use: launchToken.singleUse ? 1 : 0,
    orch_id: launchToken.orchId ?? null,
    task_id: launchToken.taskId ?? null,
    app_id: launchToken.appId ?? null,
    created_at: launchToken.createdAt,
    expires_at: launchToken.expiresAt,
    spent_at: launchToken.spentAt ?? null,
  }
}

export function toAgent(row: Selectable<AgentsTable>): Agent {
  return {
    agentId: row.agent_id,
    orchId: row.orch_id,
    taskId: row.task_id,
    ...(row.app_id !== null && { appId: row.app_id }),
    publicKey: new Uint8Array(row.public_key),
    scope: scopes(row.scope),
    ttl: row.ttl,
    jti: row.jti,
    registeredAt: row.registered_at,
    expiresAt: row.expires_at,
    ...(row.released_at !== null && { releasedAt: row.released_at }),
  }
}

export function toAgentView(row: AgentViewRow): AgentView {
  return {
    agentId: row.agent_id,
    orchId: row.orch_id,
    taskId: row.task_id,
    ...(row.app_id !== null && { appId: row.app_id }),
    scope: scopes(row.scope),
    status: row.status,
    registeredAt: row.registered_at,
    expiresAt: row.expires_at,
  }
}

export function fromAgent(agent: Agent): Omit<Selectable<AgentsTable>, "seq"> {
  return {
    agent_id: agent.agentId,
    orch_id: agent.orchId,
    task_id: agent.taskId,
    app_id: agent.appId ?? null,
    public_key: Buffer.from(agent.publicKey),
    scope: JSON.stringify(agent.scope),
    ttl: agent.ttl,
    jti: agent.jti,
    registered_at: agent.registeredAt,
    expires_at: agent.expiresAt,
    released_at: agent.releasedAt ?? null,
    revoked_at: null,
    expired_at: null,
  }
}

export function toListedRevocation(row: ListedRevocationRow): ListedRevocation {
  return { seq: row.seq, level: row.level as RevocationLevel, digest: row.digest, expiresAt: row.expires_at }
}

export function toCheckpoint(row: CheckpointsTable): KeptCheckpoint {
  return { size: row.size, root: new Uint8Array(row.root), note: row.note }
}
