import type { Change, Committed, Prunable, StoredCheckpoint, UnavailableError } from "@agentwrit/authority/ports"
import type { Failure } from "./failure.ts"
import type { RevocationRow } from "./revocation-rows.ts"
import type { SignedHead, UnsignedHead, WrittenDraft } from "./trail-writer.ts"

/** What the writer's thread does: the input of each command, and its result once that is on disk. */
export interface Commands {
  commit: {
    readonly input: Required<Pick<Change, "writes" | "urgent">> & {
      readonly events: readonly WrittenDraft[]
      /** Timestamp of the events, in milliseconds since the Unix epoch. */
      readonly at: number
    }
    readonly result: Committed["events"]
  }
  prune: {
    readonly input: { readonly what: Prunable; readonly before: number; readonly limit: number }
    readonly result: number
  }
  /** The tree's head, or the newest checkpoint when that covers the whole trail. */
  readHead: { readonly input: undefined; readonly result: UnsignedHead | StoredCheckpoint }
  storeCheckpoint: { readonly input: SignedHead; readonly result: StoredCheckpoint }
  /** Whether the seal of the tables is that of the last commit. */
  openSeal: { readonly input: { readonly key: Uint8Array }; readonly result: boolean }
  /** Seals the tables as they are. */
  acceptTables: { readonly input: undefined; readonly result: undefined }
  forgetCheckpoints: { readonly input: { readonly size: number }; readonly result: undefined }
}

export type CommandName = keyof Commands

/** A command that has no id yet. */
export type NewCommand = {
  [Name in CommandName]: { readonly name: Name; readonly input: Commands[Name]["input"] }
}[CommandName]

export type Command = NewCommand & { readonly id: number }

/** A message to the thread. It shares one transaction between all commands that have arrived. */
export type ToWriter = readonly Command[] | "close" | "fail"

/** How a command ended. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Failure }

/** The thread's first message: whether the file can be used. */
export type Opening =
  | { readonly type: "opened"; readonly trail: OpenedTrail }
  | { readonly type: "refused"; readonly failure: Failure }

/** Why commits fail for a cause that may pass: an {@link UnavailableError} in a message. */
export type Stall = Pick<UnavailableError, "code" | "message">

/** Its later messages. */
export type FromWriter =
  | {
      readonly type: "answered"
      readonly answers: readonly Answer[]
      /** What the answered commands appended to the revocation log. */
      readonly appended: readonly RevocationRow[]
      readonly trailSize: number
    }
  | { readonly type: "stalled"; readonly stall: Stall }
  | { readonly type: "recovered" }
  | { readonly type: "failed"; readonly failure: Failure }

/** The trail as the thread found it. */
export interface OpenedTrail {
  readonly size: number
  readonly problem?: string
  readonly verified: boolean
  /** Set when the disk is full: only revocations are committed. */
  readonly stalled?: Stall
}
