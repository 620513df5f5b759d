export { MemoryData, revocationKey } from "./data.ts"
export { MemoryStore, type MemoryStoreOptions } from "./store.ts"
