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
  "says that a stalled store is well": [
    { file: "authority/dist/health.js", from: 'status: writable ? "ok" : "degraded"', to: 'status: "ok"' },
  ],
  "stalls in silence": [
    {
      file: "broker/dist/start.js",
      from: 'onStalled: (fault) => log.fail("store"',
      to: 'onStalled: (fault) => log.ok("store"',
    },
  ],
  "does not say when to try again": [
    { file: "broker/dist/http/answer.js", from: "...(retryAfter !== undefined && {", to: "...(false && {" },
  ],
  "denies only what it can write down": [
    {
      file: "authority/dist/trail.js",
      from: "catch (error) {\n        for (const event of events)",
      to: "catch (error) {\n        throw error;\n        for (const event of events)",
    },
  ],
  "takes revoked tokens while it stalls": [
    {
      file: "authority/dist/token-check.js",
      from: "if (verified.revocationDigests.some(",
      to: "if (context.store.health().writable && verified.revocationDigests.some(",
    },
  ],
  "never tries again": [
    {
      file: "store-sqlite/dist/commit-queue.js",
      from: '(this.#fault.code === "failed" || !(urgent || this.#options.ballast.isWhole))',
      to: "true",
    },
  ],
  "ends like a success": [
    { file: "broker/dist/start.js", from: "export const FAULT_EXIT = 70;", to: "export const FAULT_EXIT = 0;" },
  ],
  "does not say that a file is gone": [
    { file: "store-sqlite/dist/file-place.js", from: "was deleted, moved or replaced", to: "is not well" },
  ],
  "takes an I/O error for one that passes": [
    {
      file: "store-sqlite/dist/errors.js",
      from: 'SQLITE_READONLY: "read_only",',
      to: 'SQLITE_READONLY: "read_only", SQLITE_IOERR: "busy",',
    },
  ],
  "opens what a newer version wrote": [
    { file: "store-sqlite/dist/migrate.js", from: "if (unknown.length > 0)", to: "if (false)" },
  ],
  "leaves it to SQLite to say what is wrong": [
    {
      file: "store-sqlite/dist/connection.js",
      from: 'if (sqliteCode(error) === "SQLITE_NOTADB")',
      to: 'throw error; if (sqliteCode(error) === "SQLITE_NOTADB")',
    },
    {
      file: "store-sqlite/dist/errors.js",
      from: "export function openingFailure(error, path) {",
      to: "export function openingFailure(error, path) { return error;",
    },
  ],
  "does not log what a verification finds": [
    {
      file: "broker/dist/event-log.js",
      from: 'log.fail("audit", "the audit trail does not verify"',
      to: 'log.ok("audit", "the audit trail does not verify"',
    },
  ],
  "issues in the room for revocations": [
    { file: "store-sqlite/dist/commit-queue.js", from: "if (options.ballast.isWhole)", to: "if (true)" },
  ],
  "runs into a bug over a broken trail": [
    {
      file: "authority/dist/trail.js",
      from: "export async function commit(context, change) {",
      to: 'export async function commit(context, change) { if (context.trailProblem !== undefined) throw new Error("a bug");',
    },
  ],
  "acknowledges what a full disk did not take": [
    {
      file: "store-sqlite/dist/commit-queue.js",
      from: "#commitFromReserve(jobs, fault) {",
      to: "#commitFromReserve(jobs, fault) { for (const job of jobs) job.done([]); return;",
    },
  ],
  "forgets checkpoints that it could not keep": [
    {
      file: "broker/dist/checkpoint-witness.js",
      from: "const present = await readKept(path);",
      to: "const present = await readKept(path).catch(() => note);",
    },
  ],
  "keeps no room for the operator": [{ file: "authority/dist/admin-sign-in.js", from: "urgent: true,", to: "" }],
  "takes few connections": [
    {
      file: "broker/dist/server.js",
      from: "server.timeout = STALLED;",
      to: "server.timeout = STALLED; server.maxConnections = 20;",
    },
  ],
} as const satisfies Record<string, readonly Fault[]>
