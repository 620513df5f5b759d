import type { Agent, AgentStatus, AgentView, App, LaunchToken, StoredKeyRing } from "@agentwrit/authority/ports"

// Rows of records: the record as JSON, and beside it what queries and conditions use or change, and bytes.

interface Sealed {
  readonly mac: Uint8Array | null
}

export interface AppRow extends Sealed {
  readonly record: App
}

export interface LaunchTokenRow extends Sealed {
  readonly record: LaunchToken
  readonly uses: number
  readonly spent_at: number | null
}

export interface AgentRow extends Sealed {
  readonly record: Omit<Agent, "publicKey" | "jti" | "expiresAt">
  readonly public_key: Uint8Array
  readonly jti: string
  readonly expires_at: number
  readonly released_at: number | null
}

export interface AgentViewRow extends AgentRow {
  readonly status: AgentStatus
}

export interface KeyRingRow extends Sealed {
  readonly record: StoredKeyRing
}

export const toApp = ({ record, mac }: AppRow): App => ({ ...record, ...sealOf(mac) })

export const toLaunchToken = ({ record, uses, spent_at, mac }: LaunchTokenRow): LaunchToken => ({
  ...record,
  uses,
  ...(spent_at !== null && { spentAt: spent_at }),
  ...sealOf(mac),
})

export const toAgent = ({ record, public_key, jti, expires_at, released_at, mac }: AgentRow): Agent => ({
  ...record,
  publicKey: new Uint8Array(public_key),
  jti,
  expiresAt: expires_at,
  ...(released_at !== null && { releasedAt: released_at }),
  ...sealOf(mac),
})

export function toAgentView(row: AgentViewRow): AgentView {
  const { agentId, orchId, taskId, appId, scope, registeredAt, expiresAt } = toAgent(row)
  const view = { agentId, orchId, taskId, scope, registeredAt, expiresAt, status: row.status }
  return appId === undefined ? view : { ...view, appId }
}

export const toKeyRing = ({ record, mac }: KeyRingRow): StoredKeyRing => ({ ...record, ...sealOf(mac) })

const sealOf = (mac: Uint8Array | null) => mac !== null && { mac: new Uint8Array(mac) }

/** The record as JSON, without its seal. */
export function recordOf({ mac: _, ...record }: App | LaunchToken | StoredKeyRing): string {
  return JSON.stringify(record)
}

/** The record of an agent without what its row has. */
export function recordOfAgent({
  mac: _m,
  publicKey: _p,
  jti: _j,
  expiresAt: _e,
  releasedAt: _r,
  ...record
}: Agent): string {
  return JSON.stringify(record)
}
