/** A change to one file of the built broker that breaks a promise, so that a detector can show that it sees it. */
export interface Fault {
  /** How the file's address ends. */
  readonly file: string
  /** Text that is there once. */
  readonly from: string
  readonly to: string
}

const append = (to: string): Fault => ({
  file: "store-sqlite/dist/trail-writer.js",
  from: "append(drafts, now) {",
  to: `append(drafts, now) { drafts = ${to};`,
})

/** The faults that can be planted, by what a broker with one of them does. */
export const FAULTS = {
  "syncs like a WAL of SQLite's default": [
    {
      file: "store-sqlite/dist/connection.js",
      from: 'export function makeDurable(database, path, ballast) {\n    database.pragma("synchronous = FULL");',
      to: 'export function makeDurable(database, path, ballast) {\n    database.pragma("synchronous = NORMAL");',
    },
    { file: "store-sqlite/dist/connection.js", from: "synchronous !== 2", to: "synchronous !== 1" },
  ],
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
  "does not look where its files are": [
    { file: "store-sqlite/dist/file-place.js", from: "assertUnmoved() {", to: "assertUnmoved() { return;" },
  ],
  "keeps no room for revocations": [
    { file: "store-sqlite/dist/commit-queue.js", from: 'passing === "full" ? jobs', to: 'passing === "never" ? jobs' },
  ],
  "waits for a disk that hangs": [
    { file: "store-sqlite/dist/writer.js", from: "this.#waiting.size > 0 && this.#hang()", to: "false" },
  ],
  "verifies nothing behind its start": [
    {
      file: "store-sqlite/dist/trail-verification-worker.js",
      from: "if (checkpoint === undefined)",
      to: "if (checkpoint !== undefined)",
    },
  ],
  "believes strangers": [
    { file: "core/dist/jws.js", from: "if (!key.verify(", to: "if (false && !key.verify(" },
    { file: "core/dist/delegation.js", from: "if (!key.verify(", to: "if (false && !key.verify(" },
    { file: "core/dist/ed25519-bounds.js", from: "if (SMALL_ORDER_Y.some(", to: "if ([].some(" },
    // OpenSSL knows points of small order itself.
    { file: "authority/dist/registration.js", from: "if (key.verify(", to: "if (key || key.verify(" },
  ],
  "has a bug": [
    {
      file: "authority/dist/validation.js",
      from: "const verdict = checkToken(context, token);",
      to: "if (token.length % 3 === 0) throw new Error(token); const verdict = checkToken(context, token);",
    },
  ],
  "waits for slow headers": [
    { file: "broker/dist/server.js", from: "headersTimeout: 5_000", to: "headersTimeout: 0" },
    { file: "broker/dist/server.js", from: "requestTimeout: 15_000", to: "requestTimeout: 0" },
  ],
  "hangs up on strangers": [
    {
      file: "broker/dist/server.js",
      from: "        adapter(incoming, outgoing).catch",
      to: "        globalThis.asked = (globalThis.asked ?? 0) + 1;\n        if (globalThis.asked % 500 === 0) incoming.socket.destroy();\n        adapter(incoming, outgoing).catch",
    },
  ],
  "remembers strangers": [
    {
      file: "authority/dist/challenge.js",
      from: "    return { nonce",
      to: "    (globalThis.kept ??= []).push(Buffer.alloc(100_000, 1));\n    return { nonce",
    },
  ],
  "forgets by the clock alone": [
    { file: "authority/dist/clock.js", from: "if (elapsed === undefined)", to: "if (true)" },
  ],
} as const satisfies Record<string, readonly Fault[]>

export type FaultName = keyof typeof FAULTS
