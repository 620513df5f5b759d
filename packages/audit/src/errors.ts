/** An event that cannot be put on the trail, or has no canonical form. */
export type EventErrorCode = "malformed_event"
/** Bytes that are no right edge of a tree. */
export type EdgeErrorCode = "malformed_edge"
/** A note that is refused for its form, or for its signatures. */
export type NoteErrorCode = "malformed_note" | "note_not_signed_by_key" | "bad_note_signature"
/** A verifier key's text that is not of the form `name+id+key`, or names a key that is not ours to use. */
export type VerifierKeyErrorCode = "malformed_verifier_key"
/** A properly signed note that is no checkpoint of the trail it was opened for. */
export type CheckpointErrorCode = "malformed_checkpoint" | "checkpoint_origin_mismatch"

/** Every code that an error of this package carries. Codes are stable: what was released is not renamed. */
export type AuditErrorCode = EventErrorCode | EdgeErrorCode | NoteErrorCode | VerifierKeyErrorCode | CheckpointErrorCode

/**
 * Base of every error that bad input can cause here. Its message is for an operator's log: it names the fault and never repeats
 * the input's free text. Wrong use by a programmer is a `TypeError` instead. A trail that does not verify is no error but a
 * {@link TrailReport}.
 */
export class AuditError<Code extends AuditErrorCode = AuditErrorCode> extends Error {
  override readonly name: string = "AuditError"
  /** What went wrong, for programs. */
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
