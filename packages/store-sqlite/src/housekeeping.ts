import type { Housekeeping, LeaseName, Prunable, StoreHealth } from "@agentwrit/authority/ports"
import type { Reader } from "./reader.ts"
import type { Writer } from "./writer.ts"

export class SqliteHousekeeping implements Housekeeping {
  readonly #reader: Reader
  readonly #writer: Writer
  #closing: Promise<void> | undefined

  constructor(reader: Reader, writer: Writer) {
    this.#reader = reader
    this.#writer = writer
  }

  prune(what: Prunable, before: number, limit: number): Promise<number> {
    return this.#writer.send("prune", { what, before, limit })
  }

  /** One broker has the file, so it holds every lease. */
  withLease<Result>(_name: LeaseName, work: () => Promise<Result>): Promise<Result> {
    return work()
  }

  health(): StoreHealth {
    const { problem, verified } = this.#writer.found
    return {
      writable: this.#writer.fault === undefined,
      trailSize: this.#writer.trailSize,
      trailVerified: verified,
      ...(problem !== undefined && { trailProblem: problem }),
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      await this.#reader.close()
    } finally {
      // The last connection to close folds the WAL into the file. A reading connection could not.
      await this.#writer.close()
    }
  }
}
