export { type Backup, BackupError, type BackupErrorCode, backUpDatabase } from "./backup.ts"
export { DatabaseError, type DatabaseErrorCode } from "./errors.ts"
export { SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts"
export { openTrail, type TrailReader } from "./trail-reader.ts"
