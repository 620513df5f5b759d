import { join } from "node:path"
import type { StorageCase } from "./storage-case.ts"

/** One way in which storage fails. */
export interface StorageFault {
  readonly name: string
  /** Why it cannot be tried here. */
  readonly lacking?: () => string | undefined
  /** On a small disk of its own. */
  readonly small?: true
  /** Part of the short profile as well. */
  readonly isBrief?: true
  /** Mostly waits, for a broker to end or a disk to answer, so that it may run beside the others. */
  readonly isPatient?: true
  run(on: StorageCase, seed: number): Promise<void>
}

/** The database of the case. */
export const data = (on: StorageCase): string => join(on.folder.path, "data.db")
