/**
 * Keeps the newest signed checkpoint outside the store. A start compares it with the store, and so finds a database
 * that was put back to an older copy before anything is signed that contradicts what others hold.
 */
export interface CheckpointAnchor {
  /** The last note that {@link CheckpointAnchor.keep} stored, if any. */
  kept(): Promise<string | undefined>
  /** Resolves once the note is on disk. */
  keep(note: string): Promise<void>
}
