import { existsSync, realpathSync } from "node:fs"

/**
 * Whether nobody has a database open: a broker that runs, or did not end well, has a log beside it.
 *
 * Of a file in WAL mode, even a connection that only reads makes a log and its index, leaves them there, and where root did that
 * the broker could not start any more. So a database at rest is only ever read by way of a copy.
 */
export const isAtRest = (path: string): boolean => !existsSync(`${realpathSync(path)}-wal`)
