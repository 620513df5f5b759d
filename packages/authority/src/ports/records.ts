import type { Jwk, RevocationTarget } from "@agentwrit/core"
import type { KeyUse } from "./key-custody.ts"

/** A role of an app, which decides the scopes of its tokens (CONTRACT 3, "apps"). */
export type AppRole = "launcher" | "verifier" | "gateway"

/** An app, its ceiling, and what its sign-in is checked against. Instants are milliseconds since the Unix epoch. */
export interface App {
  /** `app-{name}-{6 hex}`. */
  readonly appId: string
  readonly name: string
  readonly clientId: string
  /** Lower-case hex SHA-256 of the client secret. */
  readonly secretHash: string
  /** The ceiling: the widest scope that its launch tokens may allow. */
  readonly scopes: readonly string[]
  /** Lifetime of the app's own tokens, in seconds. */
  readonly tokenTtl: number
  readonly createdAt: number
  readonly updatedAt: number
  /** Set when the app is deregistered, which is final. */
  readonly deregisteredAt?: number
  /** Orchestrations that are this app's alone. */
  readonly orchIds: readonly string[]
  /** What its tokens are for (CONTRACT 3, "apps"). */
  readonly roles: readonly AppRole[]
  /** The secret before the last rotation, which is valid until then. */
  readonly previousSecret?: { readonly secretHash: string; readonly validUntil: number }
  /** Set while the app is revoked at level `app`: it cannot sign in, and its launch tokens are void. */
  readonly revokedAt?: number
  /** Starts at 1 and grows with every change. */
  readonly revision: number
  /** The seal that shows that the broker wrote it. The authority makes and checks it. */
  readonly mac?: Uint8Array
}

/** A launch token as it is stored: its SHA-256, never its text. Instants are milliseconds since the Unix epoch. */
export interface LaunchToken {
  /** Lower-case hex SHA-256 of the launch token's 64 characters. */
  readonly hash: string
  readonly agentName: string
  /** The widest scope that a registration may request. */
  readonly allowedScope: readonly string[]
  /** The longest TTL that a registration may request, in seconds. */
  readonly maxTtl: number
  readonly singleUse: boolean
  /** When set, only a registration with this `orch_id` may use it. */
  readonly orchId?: string
  /** When set, only a registration with this `task_id` may use it. */
  readonly taskId?: string
  /** The app that issued it; absent when an operator did. */
  readonly appId?: string
  readonly createdAt: number
  readonly expiresAt: number
  /** Seconds from a registration beyond which no renewal reaches. Absent: no limit. */
  readonly maxLifetime?: number
  /** How many agents were registered with it. */
  readonly uses: number
  /** When a registration used a single-use token. */
  readonly spentAt?: number
  /** The seal that shows that the broker wrote it. The authority makes and checks it. */
  readonly mac?: Uint8Array
}

/** Which launch tokens to list. */
export interface LaunchTokenQuery {
  readonly appId?: string
  readonly limit: number
  readonly offset: number
}

/** Launch tokens, newest first. */
export interface LaunchTokenPage {
  readonly launchTokens: readonly LaunchToken[]
  /** Number of matches, also of those beyond the limit. */
  readonly total: number
}

/**
 * A registered agent and its one current token (CONTRACT 2, "Active agent"). Instants are milliseconds since the Unix
 * epoch.
 */
export interface Agent {
  readonly agentId: string
  readonly orchId: string
  readonly taskId: string
  readonly appId?: string
  /** The raw 32 bytes of its Ed25519 key. */
  readonly publicKey: Uint8Array
  readonly scope: readonly string[]
  /** TTL of its token in seconds; a renewal grants the same again. */
  readonly ttl: number
  /** The `jti` of its current token. */
  readonly jti: string
  readonly registeredAt: number
  /** When its current token expires. */
  readonly expiresAt: number
  readonly releasedAt?: number
  /** Whether its tokens are bound to its key (CONTRACT 10). */
  readonly bound: boolean
  /** When its last token must have expired. Absent: no limit. */
  readonly endsAt?: number
  /** The seal that shows that the broker wrote it. The authority makes and checks it. */
  readonly mac?: Uint8Array
}

/** An issued token that is not an agent's own. */
export interface StoredToken {
  readonly jti: string
  /** Milliseconds since the Unix epoch. Absent in rows that an older version wrote. */
  readonly issuedAt?: number
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
  /** Everything whose revocation ends it, but its own `jti`: `{level}:{target}`. */
  readonly revokedBy: readonly string[]
}

/**
 * Status of an agent (CONTRACT 3, "An agent"). The first event that ended it decides; revoked takes precedence over
 * expired.
 */
export type AgentStatus = "active" | "expired" | "released" | "revoked"

/** Filters of a list of agents; all that are set must match. */
export interface AgentQuery {
  readonly status?: AgentStatus
  readonly taskId?: string
  readonly orchId?: string
  readonly appId?: string
  /** 1 to 1000. */
  readonly limit: number
  readonly offset: number
}

/** An agent with its status. */
export interface AgentView
  extends Pick<Agent, "agentId" | "orchId" | "taskId" | "appId" | "scope" | "registeredAt" | "expiresAt"> {
  readonly status: AgentStatus
}

/** One page of agents, newest first. */
export interface AgentPage {
  readonly agents: readonly AgentView[]
  /** Number of matches on all pages. */
  readonly total: number
}

/** How much a revocation ends (CONTRACT 3, "revoke"). */
export interface Affected {
  /** Active agents. */
  readonly agents: number
  /** Unexpired tokens: the own ones of these agents, delegated ones, and those of apps and operators. */
  readonly tokens: number
}

/** Whom a revocation ends. */
export interface AffectedIds {
  /** Active agents, newest first, up to a limit. */
  readonly agents: readonly string[]
  /** Apps that launched these agents, own one of the tokens, or launched an agent in the chain of one. */
  readonly apps: readonly string[]
}

/** A signing key of the ring. Its private half is in custody. Instants are milliseconds since the Unix epoch. */
export interface RingKey {
  /** Its public half: `kid` is its id, `alg` its algorithm. */
  readonly jwk: Jwk
  readonly use: KeyUse
  /** `next` is published and will sign; `previous` no longer signs, and verifies what it signed. */
  readonly state: "next" | "current" | "previous"
  readonly createdAt: number
  /** When it begins to sign, or began. Absent: with its creation. */
  readonly signsFrom?: number
  /** When all that it signed has expired. Absent: it still signs, or will. */
  readonly verifiesUntil?: number
}

/** The signing keys and their states. Absent in a store whose keys were never rotated. */
export interface StoredKeyRing {
  /** Starts at 1 and grows with every change. */
  readonly revision: number
  readonly keys: readonly RingKey[]
  /** Keys that an operator retired a short time ago, which verifiers may still hold. */
  readonly retired: readonly { readonly keyId: string; readonly at: number }[]
  /** The seal that shows that the broker wrote it. The authority makes and checks it. */
  readonly mac?: Uint8Array
}

/** Records without a seal. */
export interface UnsealedRecords {
  readonly apps: readonly App[]
  readonly launchTokens: readonly LaunchToken[]
  readonly agents: readonly Agent[]
}

/** Reads of apps, agents and launch tokens. They are written by a {@link Change}. */
export interface Records {
  /** All apps, newest first. */
  apps(): Promise<readonly App[]>
  app(appId: string): Promise<App | undefined>
  appByClientId(clientId: string): Promise<App | undefined>
  /** The apps that have this orchestration for themselves, deregistered ones included, oldest first. */
  appsOfOrchestration(orchId: string): Promise<readonly App[]>
  launchToken(hash: string): Promise<LaunchToken | undefined>
  /** The unexpired launch token whose hash begins with these 16 hex characters. */
  launchTokenByPrefix(prefix: string, now: number): Promise<LaunchToken | undefined>
  /** The unexpired launch tokens, newest first; with `appId` only those of that app. */
  launchTokens(query: LaunchTokenQuery, now: number): Promise<LaunchTokenPage>
  agent(agentId: string): Promise<Agent | undefined>
  /** A page of agents with their status at `now`. */
  agents(query: AgentQuery, now: number): Promise<AgentPage>
  /** Number of agents that are active at `now`. */
  activeAgents(now: number): Promise<number>
  /** Agents whose token expired by `now`, was not released, and is not marked as expired yet; oldest expiry first. */
  expiredAgents(now: number, limit: number): Promise<readonly Agent[]>
  /** When an issued token of any kind expires; `undefined` for a `jti` that the store does not know. */
  tokenExpiry(jti: string): Promise<number | undefined>
  /** When the token was revoked at level `token`: by a renewal, a release or an operator. `undefined`: it is not. */
  tokenRevokedAt(jti: string): Promise<number | undefined>
  /**
   * Starts to count what a revocation of the target would end at `now`. Resolves as soon as later commits cannot change
   * the result, so that the revocation itself need not wait for the count.
   */
  startCount(target: RevocationTarget, now: number): Promise<{ readonly affected: Promise<Affected> }>
  /** Whom a revocation of the target would end at `now`. */
  affectedIds(target: RevocationTarget, now: number, agentLimit: number): Promise<AffectedIds>
  /** When the last token that the store knows expires, in milliseconds since the Unix epoch; 0 when it knows none. */
  lastExpiry(): Promise<number>
  keyRing(): Promise<StoredKeyRing | undefined>
  /** Records without a seal, up to `limit` of each kind. */
  unsealed(limit: number): Promise<UnsealedRecords>
}
