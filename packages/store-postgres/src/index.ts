export { DatabaseError, type DatabaseErrorCode } from "./errors.ts"
export type { KeyTable } from "./key-table.ts"
export { PostgresStore, type PostgresStoreOptions } from "./store.ts"
