import type { AuditEvent, EventDraft } from "@agentwrit/audit"
import type { Agent, App, LaunchToken, StoredKeyRing, StoredToken } from "./records.ts"
import type { Revocation } from "./revocation-log.ts"

/** One write of a change. Each names its condition; if one condition fails, nothing of the change happens. */
export type Write =
  /**
   * Fails with `app_name_taken` when an app of that name exists, deregistered ones included, and with `orch_id_taken`
   * when an app that is not deregistered has one of its orchestrations.
   */
  | { readonly type: "add_app"; readonly app: App }
  /** Replaces the app with that id. Fails with `app_changed` unless the stored one has the revision before. */
  | { readonly type: "change_app"; readonly app: App }
  /** Writes nothing. Fails with `app_changed` unless the app has that revision. */
  | { readonly type: "require_app"; readonly appId: string; readonly revision: number }
  /** Fails with `nonce_spent` when the nonce was spent before. */
  | { readonly type: "spend_nonce"; readonly nonce: Uint8Array; readonly expiresAt: number }
  | { readonly type: "add_launch_token"; readonly launchToken: LaunchToken }
  /** Fails with `launch_token_unusable` unless it exists, is unexpired at `at` and, when single-use, unspent. */
  | { readonly type: "use_launch_token"; readonly hash: string; readonly at: number }
  /** Fails with `orch_id_taken` for an agent of an app when its orchestration is another app's. */
  | { readonly type: "add_agent"; readonly agent: Agent }
  /** Removes a launch token, which makes it void. Fails with `launch_token_unusable` when there is none. */
  | { readonly type: "remove_launch_token"; readonly hash: string }
  /** Stores a token that is not an agent's own: an app's, an operator's or a delegated one. */
  | { readonly type: "add_token"; readonly token: StoredToken }
  /**
   * Replaces the agent's token. Fails with `token_superseded` unless its current token is `fromJti`, neither released
   * nor revoked. Clears the mark that the old token expired.
   */
  | {
      readonly type: "replace_token"
      readonly agentId: string
      readonly fromJti: string
      readonly toJti: string
      readonly expiresAt: number
    }
  /**
   * Marks the agent's token as expired. Fails with `token_superseded` unless its current token is `jti`, unreleased and
   * unmarked.
   */
  | { readonly type: "expire_agent"; readonly agentId: string; readonly jti: string; readonly at: number }
  /**
   * Marks the agent as released if its current token is `jti`; otherwise does nothing, because a delegated token is not
   * the agent's own.
   */
  | { readonly type: "release_agent"; readonly agentId: string; readonly jti: string; readonly at: number }
  /**
   * Appends to the revocation log. A second revocation of the same target changes nothing, unless it expires later,
   * has a later cutoff, or also ends what was delegated from the token: then it replaces the entry under a new
   * position. With `once`, a second one fails with `already_revoked`. Without `once`, level `token` also marks the
   * agent whose current token it is as revoked.
   */
  | { readonly type: "revoke"; readonly revocation: Revocation; readonly once?: boolean }
  /** Writes nothing. Fails with `already_revoked` when that token is revoked. */
  | { readonly type: "require_unrevoked"; readonly jti: string }
  /** Replaces the key ring. Fails with `key_ring_changed` unless the stored one has the revision before. */
  | { readonly type: "set_key_ring"; readonly ring: StoredKeyRing }
  /** Seals a record that has no seal; otherwise does nothing. */
  | { readonly type: "seal_app"; readonly appId: string; readonly mac: Uint8Array }
  | { readonly type: "seal_launch_token"; readonly hash: string; readonly mac: Uint8Array }
  | { readonly type: "seal_agent"; readonly agentId: string; readonly mac: Uint8Array }
  /**
   * For a store that was restored from an older copy. Moves every revocation to the next era (`REVOCATION_ERA`), and
   * deletes every launch token: one that was spent after the copy was made would be usable again. Removes every seal:
   * the key that made them may be lost. Deletes the key ring: nobody knows which keys were retired after the copy was made.
   */
  | { readonly type: "begin_era" }

/** Which condition failed. */
export type ConflictCode =
  | "nonce_spent"
  | "launch_token_unusable"
  | "token_superseded"
  | "already_revoked"
  | "app_name_taken"
  | "orch_id_taken"
  | "app_changed"
  | "key_ring_changed"

/** Writes and the audit events that record them. They commit together or not at all. */
export interface Change {
  readonly writes: readonly Write[]
  /** What the writes give or take is in the member `data` of one of them. The rows that are set refer to that event. */
  readonly events: readonly EventDraft[]
  /**
   * Allows the commit to use the disk space that is reserved for revocations. Set it for changes that revoking depends
   * on; a change that only revokes needs no mark.
   */
  readonly urgent?: boolean
  /** Answers only once every broker whose lease holds has applied the revocations and the key ring of the change. */
  readonly everywhere?: boolean
}

/** Result of a commit. */
export interface Committed {
  /** The events as they were chained, in order; without their `data`, which the caller has. */
  readonly events: readonly Omit<AuditEvent, "data">[]
  /** With `everywhere`: how many brokers have applied the change, this one included. Absent: one has the store. */
  readonly brokers?: number
}

/** A write's condition failed; nothing of the change happened. */
export class ConflictError extends Error {
  override readonly name = "ConflictError"
  readonly code: ConflictCode

  constructor(code: ConflictCode) {
    super(`the change was not committed: ${code}`)
    this.code = code
  }
}

/** The store cannot commit or read now. `failed` holds until the process restarts; the others may pass. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError"
  readonly code: "full" | "busy" | "read_only" | "queue_full" | "failed" | "closed"

  constructor(code: UnavailableError["code"], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
