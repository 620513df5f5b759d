import { statSync } from "node:fs"

/**
 * Remembers which files a database is in. SQLite goes on writing to files that were deleted, moved or replaced beneath it, and what
 * it commits there is gone with the process.
 */
export class FilePlace {
  readonly #files: readonly { readonly path: string; readonly identity: string | undefined }[]

  /** To be made once the file and its WAL are there. */
  constructor(databasePath: string) {
    this.#files = [databasePath, `${databasePath}-wal`].map((path) => ({ path, identity: identityOf(path) }))
  }

  /** @throws when one of the files is no more where it was. */
  assertUnmoved(): void {
    for (const { path, identity } of this.#files)
      if (identityOf(path) !== identity)
        throw new Error(`${path} was deleted, moved or replaced while the broker had it open`)
  }
}

function identityOf(path: string): string | undefined {
  // Inode numbers may be larger than a number can be exact.
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev}:${found.ino}`
}
