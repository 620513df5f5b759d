import { statSync } from "node:fs"

/**
 * Remembers which files a database is in. SQLite keeps writing to files that were deleted, moved or replaced, and such
 * commits are lost when the process ends.
 */
export class FileIdentity {
  readonly #files: readonly { readonly path: string; readonly identity: string | undefined }[]

  /** The file and its WAL must exist. */
  constructor(databasePath: string) {
    this.#files = [databasePath, `${databasePath}-wal`].map((path) => ({ path, identity: identityOf(path) }))
  }

  /** @throws when one of the files is no longer at its path. */
  assertUnchanged(): void {
    for (const { path, identity } of this.#files)
      if (identityOf(path) !== identity)
        throw new Error(`${path} was deleted, moved or replaced while the broker had it open`)
  }
}

function identityOf(path: string): string | undefined {
  // Inode numbers can exceed the safe integers.
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev}:${found.ino}`
}
