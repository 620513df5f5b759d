import { existsSync, realpathSync } from "node:fs"

/**
 * Whether nobody has a database open. Beside the database of a running or crashed broker lies a write-ahead log.
 *
 * A database at rest is read only through a copy: a connection to a file in WAL mode creates the log and its index even when it only
 * reads. If root created them, the broker could not start any more.
 */
export const isAtRest = (path: string): boolean => !existsSync(`${realpathSync(path)}-wal`)
