import type { AuditEvent, EventDraft } from "@agentwrit/audit"
import type { AgentPage, AgentQuery } from "./agents-query.ts"
import type { EventPage, EventQuery } from "./audit-query.ts"
import type { Agent, App, LaunchToken, ListedRevocation, Revocation, RevocationPage, RevokedDigest } from "./records.ts"

/** One write of a change. Each names the condition under which it may happen; a condition that fails undoes the whole change. */
export type Write =
  /** Fails with `app_name_taken` when there is an app of that name, deregistered ones included. */
  | { readonly type: "add_app"; readonly app: App }
  /** Replaces the app of that id. Fails with `app_changed` unless the one there is of the revision before. */
  | { readonly type: "change_app"; readonly app: App }
  /** Changes nothing. Fails with `app_changed` unless the app is of that revision. */
  | { readonly type: "require_app"; readonly appId: string; readonly revision: number }
  /** Fails with `nonce_spent` when the nonce is listed already. */
  | { readonly type: "spend_nonce"; readonly nonce: Uint8Array; readonly expiresAt: number }
  | { readonly type: "add_launch_token"; readonly launchToken: LaunchToken }
  /** Fails with `launch_token_unusable` unless it is known, unexpired at `at` and, when single-use, unspent. */
  | { readonly type: "use_launch_token"; readonly hash: string; readonly at: number }
  | { readonly type: "add_agent"; readonly agent: Agent }
  /** Remembers when a delegated token runs out. */
  | { readonly type: "add_delegated_token"; readonly jti: string; readonly expiresAt: number }
  /** Fails with `token_superseded` unless the agent still holds `fromJti`, neither released nor revoked meanwhile. The new token has not run out, whatever was marked of the old one. */
  | {
      readonly type: "replace_token"
      readonly agentId: string
      readonly fromJti: string
      readonly toJti: string
      readonly expiresAt: number
    }
  /** Marks that its token ran out. Fails with `token_superseded` unless the agent still holds `jti`, unreleased and unmarked. */
  | { readonly type: "expire_agent"; readonly agentId: string; readonly jti: string; readonly at: number }
  /** Marks the agent released if `jti` is the token that it holds; a token delegated to it is another, and no failure. */
  | { readonly type: "release_agent"; readonly agentId: string; readonly jti: string; readonly at: number }
  /**
   * Fails with `already_revoked` when it is listed already and `once` is set; otherwise listing again changes nothing, unless the
   * entry would have stopped mattering earlier: then it is listed anew with the later end. Without `once`, level `token` also marks
   * the agent that holds the token.
   */
  | { readonly type: "revoke"; readonly revocation: Revocation; readonly once?: boolean }
  /** Changes nothing. Fails with `already_revoked` when that token is listed. */
  | { readonly type: "require_unrevoked"; readonly jti: string }
  /**
   * For a store that was put back to an older copy. Moves every revocation to a number of the era behind the newest number's, see
   * {@link REVOCATION_ERA}, and forgets every launch token: one that was spent since the copy was made would be good again.
   */
  | { readonly type: "begin_era" }

/**
 * The numbers of revocations come in eras of this many; each declared restore begins one. Nobody can tell how many numbers were
 * given after the copy was made: behind all of an era's, no position of it is mistaken for one of the next. Room for 8,191.
 */
export const REVOCATION_ERA: number = 2 ** 40

/** Which condition did not hold. */
export type ConflictCode =
  | "nonce_spent"
  | "launch_token_unusable"
  | "token_superseded"
  | "already_revoked"
  | "app_name_taken"
  | "app_changed"

/** Writes and the audit events that tell of them: together or not at all. */
export interface Change {
  readonly writes: readonly Write[]
  readonly events: readonly EventDraft[]
  /**
   * It is needed to take rights away, and may use the room that is kept back for that on a full disk. A change that does nothing else
   * than to take them away need not say so.
   */
  readonly urgent?: boolean
}

/** What a commit made durable. */
export interface Committed {
  /** The events as they were chained, in order. */
  readonly events: readonly AuditEvent[]
}

/** The state of the trail's tree that a checkpoint signs. */
export interface TreeHead {
  readonly size: number
  /** RFC 6962 root, 32 bytes. */
  readonly root: Uint8Array
}

/** A checkpoint as the store keeps it: the signed note, and the tree head that the store itself vouches for. */
export interface KeptCheckpoint extends TreeHead {
  readonly note: string
}

/** What the store can say of itself without touching the disk. */
export interface StoreHealth {
  /** False after a fault that makes commits fail until the cause is gone or the process restarts. */
  readonly writable: boolean
  /** Events in the trail. */
  readonly trailSize: number
  /** What was wrong with the part of the trail that was verified when the store was opened; absent when nothing was. */
  readonly trailProblem?: string
  /** Whether that part was all of it. */
  readonly trailVerified: boolean
}

/**
 * Where the authority keeps its state. An implementation applies each {@link Change} atomically, answers only after it is on
 * disk, and chains the events in commit order. Every implementation is held to one suite, `@agentwrit/authority/store-suite`.
 */
export interface Store extends AsyncDisposable {
  /** All apps, newest first. */
  apps(): Promise<readonly App[]>
  app(appId: string): Promise<App | undefined>
  appByClientId(clientId: string): Promise<App | undefined>
  launchToken(hash: string): Promise<LaunchToken | undefined>
  agent(agentId: string): Promise<Agent | undefined>
  /** How each stands is told as at `now`. */
  agents(query: AgentQuery, now: number): Promise<AgentPage>
  /** Agents whose token has run out at `now` without a release, and that are not marked yet; the longest first. */
  agentsRunOut(now: number, limit: number): Promise<readonly Agent[]>
  /** Forgets revocations whose time to be forgotten has come at `now`; answers how many. */
  pruneRevocations(now: number, limit: number): Promise<number>
  /** Forgets spent nonces that expired before an instant; answers how many. */
  pruneNonces(expiredBefore: number, limit: number): Promise<number>
  /** Forgets launch tokens that expired before an instant; answers how many. */
  pruneLaunchTokens(expiredBefore: number, limit: number): Promise<number>
  /** Forgets delegated tokens that ran out before an instant; answers how many. */
  pruneDelegatedTokens(expiredBefore: number, limit: number): Promise<number>
  /** How many agents are active at `now`. */
  activeAgents(now: number): Promise<number>
  events(query: EventQuery): Promise<EventPage>
  /** When the token runs out that an agent holds as its own or that was delegated; of others nothing is known. */
  tokenEnd(jti: string): Promise<number | undefined>
  /** How many revocations are not forgotten. */
  revocationCount(): Promise<number>
  /** Every revocation that is not forgotten, for the set in memory, in lists of some hundreds. */
  revocations(): AsyncIterable<readonly RevokedDigest[]>
  /**
   * The revocations with `after` < seq that matter at `at`, in order, `limit` at the most; and the newest number that was ever
   * given, which never goes down.
   */
  revocationsAfter(after: number, limit: number, at: number): Promise<RevocationPage>
  /**
   * Applies all of `change` and answers once it is on disk.
   * @throws {@link ConflictError} when a write's condition does not hold: nothing of the change happened.
   * @throws {@link UnavailableError} when the store cannot commit now.
   */
  commit(change: Change): Promise<Committed>
  /**
   * Signs the tree over everything committed before the call, once that is on disk, and keeps the note. Answers the newest kept
   * note when the tree has not grown since.
   */
  seal(sign: (head: TreeHead) => string): Promise<KeptCheckpoint>
  /** Lets go of the checkpoints before that of `size`: a newer one, or that one, is kept outside the store by now. */
  forgetCheckpoints(size: number): Promise<void>
  /** The kept checkpoint of that size, or the newest. */
  checkpoint(size?: number): Promise<KeptCheckpoint | undefined>
  /**
   * Verifies the trail from its first event up to the newest kept checkpoint, and its tree against that checkpoint's root; slowly,
   * and without holding up anything else, unless it is wanted `atOnce`.
   * @returns what is wrong, or `undefined`. Rejects when it could not be verified to its end, or `signal` ended it.
   */
  verifyTrail(signal: AbortSignal, options?: { readonly atOnce?: boolean }): Promise<string | undefined>
  health(): StoreHealth
  /**
   * Tells of every revocation in the moment in which it holds: after its commit and before the commit is answered, and also
   * when a fault leaves the commit's outcome unknown, because a revocation must not be forgotten then.
   */
  onRevocation(listener: (revocation: Revocation) => void): void
  /** Tells, in order, of what was listed anew in each flush, once it is on disk and before any of its commits is answered. */
  onListed(listener: (entries: readonly ListedRevocation[]) => void): void
  /** Finishes what is queued and closes; closing again does nothing. */
  close(): Promise<void>
}

/** A write's condition did not hold; nothing of the change happened. */
export class ConflictError extends Error {
  override readonly name = "ConflictError"
  readonly code: ConflictCode

  constructor(code: ConflictCode) {
    super(`the change was not made: ${code}`)
    this.code = code
  }
}

/** The store cannot commit: `full` and `busy` may pass, `failed` holds until the process restarts. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError"
  readonly code: "full" | "busy" | "read_only" | "queue_full" | "failed" | "closed"

  constructor(code: UnavailableError["code"], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
