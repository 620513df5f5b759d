import { existsSync, realpathSync } from "node:fs"

/**
 * Whether nobody has a database open. A running or crashed broker leaves a write-ahead log beside its database.
 *
 * A database at rest is read only through a copy: a connection to a file in WAL mode creates the log and its index even
 * when it only reads. If root created them, the broker could not start any more.
 */
export const isAtRest = (path: string): boolean => !existsSync(`${realpathSync(path)}-wal`)
