import type { AuditEvent } from "@agentwrit/audit"
import type { Change, KeptCheckpoint, ListedRevocation } from "@agentwrit/authority"
import type { Failure } from "./failure.ts"
import type { Pruning } from "./pruning.ts"
import type { OpenHead, SignedHead } from "./trail-writer.ts"

/** What the writer's thread does, and what it answers once that is on disk. */
export interface Orders {
  change: {
    readonly order: Change & {
      /** Stamps the events, in milliseconds. */
      readonly at: number
      /** May use the room that is kept back on a full disk. */
      readonly urgent: boolean
    }
    readonly result: readonly AuditEvent[]
  }
  prune: {
    readonly order: { readonly what: keyof Pruning; readonly before: number; readonly limit: number }
    readonly result: number
  }
  head: { readonly order: Readonly<Record<never, never>>; readonly result: OpenHead | KeptCheckpoint }
  keepCheckpoint: { readonly order: SignedHead; readonly result: KeptCheckpoint }
  forgetCheckpoints: { readonly order: { readonly size: number }; readonly result: undefined }
}

export type OrderName = keyof Orders

/** An order on its way to the thread. */
export type NumberedOrder = {
  [Name in OrderName]: { readonly id: number; readonly name: Name; readonly order: Orders[Name]["order"] }
}[OrderName]

/** What is sent to the thread: orders, in which each flush takes all that have come, or its end. */
export type ToWriter = readonly NumberedOrder[] | "close" | "fail"

/** How an order ended. */
export type OrderAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Failure }

/** The first that the thread tells: whether the file can be used. */
export type Opening =
  | { readonly type: "opened"; readonly trail: OpenedTrail }
  | { readonly type: "refused"; readonly failure: Failure }

/** What it tells from then on. */
export type FromWriter =
  | {
      readonly type: "answered"
      readonly answers: readonly OrderAnswer[]
      /** What was listed anew by what is answered. */
      readonly listed: readonly ListedRevocation[]
      readonly trailSize: number
    }
  | { readonly type: "stalled"; readonly failure: Failure }
  | { readonly type: "recovered" }
  | { readonly type: "failed"; readonly failure: Failure }

/** The trail as the thread found it. */
export interface OpenedTrail {
  readonly size: number
  readonly problem?: string
  readonly verified: boolean
  /** Why nothing but revocations can be committed yet. */
  readonly stalled?: Failure
}
