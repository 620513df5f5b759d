export { canonicalData, canonicalEvent, type HashedEvent } from "./canonical-event.ts"
export { type ChainedEvent, type ChainPosition, chainEvent, eventHash, GENESIS_HASH } from "./chain.ts"
export { type Checkpoint, openCheckpoint, signCheckpoint, type TreeHead } from "./checkpoint.ts"
export {
  AuditError,
  type AuditErrorCode,
  CheckpointError,
  type CheckpointErrorCode,
  EdgeError,
  type EdgeErrorCode,
  EventError,
  type EventErrorCode,
  NoteError,
  type NoteErrorCode,
  VerifierKeyError,
  type VerifierKeyErrorCode,
} from "./errors.ts"
export {
  AUDIT_EVENT_TYPES,
  AUDIT_OUTCOMES,
  type AuditEvent,
  type AuditEventType,
  type AuditOutcome,
  type EventDraft,
} from "./event.ts"
export { eventId, sequenceOf } from "./event-id.ts"
export { leafHash, nodeHash, rootOf } from "./merkle.ts"
export { MAX_NOTE_LENGTH, MAX_NOTE_SIGNATURES, openNote, signNote } from "./note.ts"
export {
  type ConsistencyClaim,
  consistencyProof,
  type InclusionClaim,
  inclusionProof,
  verifyConsistency,
  verifyInclusion,
} from "./proof.ts"
export { createRedactor, MIN_SECRET_LENGTH, REDACTED, type RedactorOptions } from "./redact.ts"
export { RightEdge } from "./right-edge.ts"
export { signBridge, TrailKeys } from "./trail-keys.ts"
export { type TrailProblem, type TrailProblemReason, type TrailState, TrailVerifier } from "./trail-verifier.ts"
export {
  formatVerifierKey,
  parseVerifierKey,
  parseVerifierKeys,
  type VerifierKey,
  verifierKeyOf,
} from "./verifier-key.ts"
export { type BrokenTrail, type SoundTrail, type TrailReport, type VerifyTrailOptions, verifyTrail } from "./verify.ts"
