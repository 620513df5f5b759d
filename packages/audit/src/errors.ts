/** An event that cannot be chained, or has no canonical form. */
export type EventErrorCode = "malformed_event"
/** Bytes that are not a right edge of a tree. */
export type EdgeErrorCode = "malformed_edge"
/** A note with a wrong form or signature. */
export type NoteErrorCode = "malformed_note" | "note_not_signed_by_key" | "bad_note_signature"
/** A verifier key that does not have the form `name+id+key`, or whose key is refused. */
export type VerifierKeyErrorCode = "malformed_verifier_key"
/** A correctly signed note that is not a checkpoint of the expected trail. */
export type CheckpointErrorCode = "malformed_checkpoint" | "checkpoint_origin_mismatch" | "checkpoint_key_rotated"

/** Every error code of this package. Released codes are never renamed. */
export type AuditErrorCode = EventErrorCode | EdgeErrorCode | NoteErrorCode | VerifierKeyErrorCode | CheckpointErrorCode

/**
 * Base class of all errors that bad input causes. The message is for the operator's log: it names the problem and never
 * repeats free text of the input. Programming errors are a `TypeError` instead. A trail that does not verify is not an
 * error: see {@link TrailReport}.
 */
export class AuditError<Code extends AuditErrorCode = AuditErrorCode> extends Error {
  override readonly name: string = "AuditError"
  /** The kind of error, for programs. */
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** See {@link EventErrorCode}. */
export class EventError extends AuditError<EventErrorCode> {
  override readonly name = "EventError"
}

/** See {@link EdgeErrorCode}. */
export class EdgeError extends AuditError<EdgeErrorCode> {
  override readonly name = "EdgeError"
}

/** See {@link NoteErrorCode}. */
export class NoteError extends AuditError<NoteErrorCode> {
  override readonly name = "NoteError"
}

/** See {@link VerifierKeyErrorCode}. */
export class VerifierKeyError extends AuditError<VerifierKeyErrorCode> {
  override readonly name = "VerifierKeyError"
}

/** See {@link CheckpointErrorCode}. */
export class CheckpointError extends AuditError<CheckpointErrorCode> {
  override readonly name = "CheckpointError"
}
