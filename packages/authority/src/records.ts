import type { RevocationLevel } from "@agentwrit/core"

/** An app, what it may launch, and what its sign-in is checked against. Instants are milliseconds since the Unix epoch. */
export interface App {
  /** `app-{name}-{6 hex}`. */
  readonly appId: string
  readonly name: string
  readonly clientId: string
  /** Lower-case hex SHA-256 of the client secret. */
  readonly secretHash: string
  /** The ceiling: the widest scope that its launch tokens may allow. */
  readonly scopes: readonly string[]
  /** Seconds that its own tokens live. */
  readonly tokenTtl: number
  readonly createdAt: number
  readonly updatedAt: number
  /** Set once it is deregistered, which is final. */
  readonly deregisteredAt?: number
  /** Goes up with every change; from 1. */
  readonly revision: number
}

/** What is kept of a launch token: never the token, only its SHA-256. Instants are milliseconds since the Unix epoch. */
export interface LaunchToken {
  /** Lower-case hex SHA-256 of the launch token's 64 characters. */
  readonly hash: string
  readonly agentName: string
  /** The widest scope that a registration with it may ask for. */
  readonly allowedScope: readonly string[]
  /** The longest TTL, in seconds, that a registration with it may ask for. */
  readonly maxTtl: number
  readonly singleUse: boolean
  /** When set, only a registration that names the same orchestration may use it. */
  readonly orchId?: string
  /** When set, only a registration that names the same task may use it. */
  readonly taskId?: string
  /** The app that made it; absent when the operator did. */
  readonly appId?: string
  readonly createdAt: number
  readonly expiresAt: number
  /** When a registration used up a single-use one. */
  readonly spentAt?: number
}

/** A registered agent and the one token of its own that it has at a time (CONTRACT 2, "Active agent"). */
export interface Agent {
  readonly agentId: string
  readonly orchId: string
  readonly taskId: string
  readonly appId?: string
  /** The raw 32 bytes of its Ed25519 key. */
  readonly publicKey: Uint8Array
  readonly scope: readonly string[]
  /** Seconds; a renewal grants the same again. */
  readonly ttl: number
  /** The `jti` of the token that it holds now. */
  readonly jti: string
  readonly registeredAt: number
  /** When the token that it holds now runs out. */
  readonly expiresAt: number
  readonly releasedAt?: number
}

/** One listed revocation. */
export interface Revocation {
  readonly level: RevocationLevel
  readonly target: string
  readonly revokedAt: number
  /** When the entry stops mattering, because every token that it names has run out; `null` is never. */
  readonly expiresAt: number | null
  /** When it may be forgotten, which is later, because the clock may be stepped (CONTRACT 2); `null` is never. */
  readonly forgetAt: number | null
}

/** A revocation as the feed tells of it (CONTRACT 5). */
export interface ListedRevocation {
  /** Its number in the list; each entry has a greater one than those before it. */
  readonly seq: number
  readonly level: RevocationLevel
  /** Base64url of the target's digest. */
  readonly digest: string
  readonly expiresAt: number | null
}

/** A stretch of the list, and the newest number that was ever given. */
export interface RevocationPage {
  readonly entries: readonly ListedRevocation[]
  readonly head: number
}

/** What the set in memory holds of a revocation. */
export interface RevokedDigest {
  /** 32 bytes. */
  readonly digest: Uint8Array
  readonly forgetAt: number | null
}
