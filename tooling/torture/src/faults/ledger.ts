import type { Fault } from "../fault.ts"

const append = (to: string): Fault => ({
  file: "store-sqlite/dist/trail-writer.js",
  from: "append(drafts, now) {",
  to: `append(drafts, now) { drafts = ${to};`,
})

/** By what a broker does that a ledger of its answers finds after a crash. */
export const LEDGER_FAULTS = {
  "loses events": [append('drafts.filter((draft) => draft.event_type !== "launch_token_issued")')],
  "repeats events": [
    append('drafts.flatMap((draft) => (draft.event_type === "app_registered" ? [draft, draft] : [draft]))'),
  ],
  "writes what nobody asked for": [
    append(
      'drafts.flatMap((draft) => draft.event_type === "app_registered" ? [draft, { ...draft, event_type: "launch_token_issued", detail: "launch token for ghost: x" }] : [draft])',
    ),
  ],
  "forgets launch tokens": [
    { file: "store-sqlite/dist/writes.js", from: "addLaunchToken.run(fromLaunchToken(write.launchToken));", to: "" },
  ],
  "registers half": [{ file: "store-sqlite/dist/writes.js", from: "addAgent.run(fromAgent(write.agent));", to: "" }],
  "forgets revocations at a start": [
    {
      file: "authority/dist/authority.js",
      from: "for await (const entries of store.revocations())",
      to: "for await (const entries of [])",
    },
  ],
  "tells the feed of other revocations": [
    {
      file: "store-sqlite/dist/revocation-write.js",
      from: "revocationDigest(level, target)",
      to: 'revocationDigest("token", target)',
    },
  ],
  "takes a launch token twice": [
    {
      file: "store-sqlite/dist/writes.js",
      from: 'iif(\u0024{sql.ref("single_use")}, \u0024{parameter("at")}, null)',
      to: "null",
    },
  ],
  "takes a nonce twice": [
    {
      file: "store-sqlite/dist/writes.js",
      from: "expires_at: write.expiresAt }).changes === 0",
      to: "expires_at: write.expiresAt }).changes < 0",
    },
  ],
  "breaks the chain": [
    {
      file: "store-sqlite/dist/trail-writer.js",
      from: "this.#prevHash = event.hash;",
      to: "if (sequence % 20 !== 0) this.#prevHash = event.hash;",
    },
  ],
  "signs another tree": [
    {
      file: "store-sqlite/dist/trail-writer.js",
      from: "this.#edge.append(leafHash);",
      to: "this.#edge.append(leafHash.map((byte) => byte ^ 1));",
    },
  ],
  "migrates statement by statement": [
    {
      file: "store-sqlite/dist/migrate.js",
      from: "get supportsTransactionalDdl() {\n                return true;",
      to: "get supportsTransactionalDdl() {\n                return false;",
    },
  ],
  "syncs like a WAL of SQLite's default": [
    {
      file: "store-sqlite/dist/connection.js",
      from: 'export function makeDurable(database, path, ballast) {\n    database.pragma("synchronous = FULL");',
      to: 'export function makeDurable(database, path, ballast) {\n    database.pragma("synchronous = NORMAL");',
    },
    { file: "store-sqlite/dist/connection.js", from: "synchronous !== 2", to: "synchronous !== 1" },
  ],
} as const satisfies Record<string, readonly Fault[]>
