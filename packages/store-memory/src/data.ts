import { type AuditEvent, GENESIS_HASH, RightEdge } from "@agentwrit/audit"
import type {
  Agent,
  App,
  LaunchToken,
  RevocationEntry,
  StoredCheckpoint,
  StoredKeyRing,
  StoredToken,
} from "@agentwrit/authority/ports"

/** An agent with the marks that its status depends on. Instants are milliseconds since the Unix epoch. */
export interface StoredAgent {
  readonly agent: Agent
  readonly revokedAt?: number
  /** When maintenance recorded that the token expired. */
  readonly expiredAt?: number
}

/** An entry of the revocation log, and when it was made, in milliseconds since the Unix epoch. */
export interface StoredRevocation extends RevocationEntry {
  readonly revokedAt: number
}

/** What a store holds. A store that is opened over the data of a closed one continues it. */
export class MemoryData {
  /** By app id. */
  readonly apps: Map<string, App> = new Map()
  /** By agent id. */
  readonly agents: Map<string, StoredAgent> = new Map()
  /** Agent ids by the `jti` of the agent's current token. */
  readonly holders: Map<string, string> = new Map()
  /** By `jti`. */
  readonly tokens: Map<string, StoredToken> = new Map()
  /** By hash. */
  readonly launchTokens: Map<string, LaunchToken> = new Map()
  /** Spent nonces, by the nonce in hex. */
  readonly nonces: Map<string, { readonly expiresAt: number }> = new Map()
  /** By {@link revocationKey}. */
  readonly revocations: Map<string, StoredRevocation> = new Map()
  /** The newest position of the revocation log that was ever assigned. */
  revocationHead = 0
  keyRing: StoredKeyRing | undefined
  readonly events: AuditEvent[] = []
  /** Hash of the last event. */
  headHash: string = GENESIS_HASH
  edge: RightEdge = new RightEdge()
  /** Smallest first. */
  checkpoints: readonly StoredCheckpoint[] = []
}

export const revocationKey = (level: string, target: string): string => `${level} ${target}`
