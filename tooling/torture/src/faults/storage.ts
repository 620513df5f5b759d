import type { Fault } from "../fault.ts"

/** By what a broker does on a disk that fails. */
export const STORAGE_FAULTS = {
  "does not look where its files are": [
    { file: "store-sqlite/dist/file-place.js", from: "assertUnmoved() {", to: "assertUnmoved() { return;" },
  ],
  "keeps no room for revocations": [
    { file: "store-sqlite/dist/commit-queue.js", from: 'passing === "full" ? jobs', to: 'passing === "never" ? jobs' },
  ],
  "waits for a disk that hangs": [
    { file: "store-sqlite/dist/writer.js", from: "this.#waiting.size > 0 && this.#hang()", to: "false" },
  ],
} as const satisfies Record<string, readonly Fault[]>
