import type { Generated } from "kysely"

/** Scopes, as a JSON array. */
type Json = string
/** Milliseconds since the Unix epoch. */
type Milliseconds = number
/** SQLite has no booleans. */
type Flag = 0 | 1

/** One audit event a row. What the event leaves out is NULL; its id is made of `seq`. */
export interface EventsTable {
  seq: number
  timestamp: Milliseconds
  event_type: string
  agent_id: string | null
  task_id: string | null
  orch_id: string | null
  detail: string
  resource: string | null
  outcome: string
  deleg_depth: number | null
  deleg_chain_hash: string | null
  bytes_transferred: number | null
  hash: Buffer
  prev_hash: Buffer
}

export interface CheckpointsTable {
  size: number
  root: Buffer
  note: string
  /** The tree's right edge, and the hash of its last event: what appending goes on from. */
  edge: Buffer
  head_hash: Buffer
}

export interface AppsTable {
  seq: Generated<number>
  app_id: string
  name: string
  client_id: string
  secret_hash: Buffer
  scopes: Json
  token_ttl: number
  created_at: Milliseconds
  updated_at: Milliseconds
  deregistered_at: Milliseconds | null
  revision: number
}

export interface LaunchTokensTable {
  hash: Buffer
  agent_name: string
  allowed_scope: Json
  max_ttl: number
  single_use: Flag
  orch_id: string | null
  task_id: string | null
  app_id: string | null
  created_at: Milliseconds
  expires_at: Milliseconds
  spent_at: Milliseconds | null
}

export interface SpentNoncesTable {
  nonce: Buffer
  expires_at: Milliseconds
}

/** When delegated tokens run out, for the end of a revocation of theirs. */
export interface DelegatedTokensTable {
  jti: string
  expires_at: Milliseconds
}

export interface AgentsTable {
  seq: Generated<number>
  agent_id: string
  orch_id: string
  task_id: string
  app_id: string | null
  public_key: Buffer
  scope: Json
  ttl: number
  jti: string
  registered_at: Milliseconds
  expires_at: Milliseconds
  released_at: Milliseconds | null
  revoked_at: Milliseconds | null
  /** When maintenance told of its end. */
  expired_at: Milliseconds | null
}

export interface RevocationsTable {
  seq: Generated<number>
  level: string
  target: string
  /** Base64url, so that neither a start nor the feed has to hash. */
  digest: string
  revoked_at: Milliseconds
  /** NULL is never, here and below. */
  expires_at: Milliseconds | null
  forget_at: Milliseconds | null
}

/** The tables of one database file. */
export interface Schema {
  events: EventsTable
  checkpoints: CheckpointsTable
  apps: AppsTable
  launch_tokens: LaunchTokensTable
  spent_nonces: SpentNoncesTable
  agents: AgentsTable
  delegated_tokens: DelegatedTokensTable
  revocations: RevocationsTable
}
