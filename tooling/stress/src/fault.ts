/** A change to one file of the built broker that breaks a promise, so that a detector can show that it sees it. */
export interface Fault {
  /** How the file's address ends. */
  readonly file: string
  /** Text that is there once. */
  readonly from: string
  readonly to: string
}
