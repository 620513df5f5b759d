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
  // What only a blow brings to light.
  "answers before it commits": [
    {
      file: "store-sqlite/dist/commit-queue.js",
      from: "            return;\n        const error = this.#attempt(jobs);",
      to: "            return;\n        if (this.#options.database.inTransaction) this.#statements.commit.run();\n        const error = this.#attempt(jobs);",
    },
    {
      file: "store-sqlite/dist/commit-queue.js",
      from: "this.#statements.commit.run();\n            this.#options.place",
      to: "this.#options.place",
    },
  ],
  "commits changes apart from their events": [
    {
      file: "store-sqlite/dist/writer-worker.js",
      from: "return trail.append(events, at);",
      to: 'database.exec("COMMIT; BEGIN IMMEDIATE"); return trail.append(events, at);',
    },
  ],
  "spends launch tokens apart from registrations": [
    {
      file: "store-sqlite/dist/writer-worker.js",
      from: "const entry = applyWrite(write);",
      to: 'const entry = applyWrite(write); if (write.type === "use_launch_token") database.exec("COMMIT; BEGIN IMMEDIATE");',
    },
  ],
  "forgets at a start what was spent": [
    {
      file: "store-sqlite/dist/writer-worker.js",
      from: "const loaded = await loadTrail(db);",
      to: 'database.exec("DELETE FROM spent_nonces; UPDATE launch_tokens SET spent_at = NULL"); const loaded = await loadTrail(db);',
    },
  ],
  "ends tokens at a start": [
    {
      file: "authority/dist/token-check.js",
      from: "    if (verified.revocationDigests.some(",
      to: '    if (claims.iat < (globalThis.born ??= Math.floor(Date.now() / 1000 - process.uptime()))) return { ok: false, revoked: false, reason: "old", claims };\n    if (verified.revocationDigests.some(',
    },
  ],
  "ends by itself": [
    {
      file: "authority/dist/challenge.js",
      from: "    return { nonce",
      to: "    globalThis.asked = (globalThis.asked ?? 0) + 1; if (globalThis.asked > 20) process.exit(70);\n    return { nonce",
    },
  ],
  "forgets sign-ins": [append('drafts.filter((draft) => draft.event_type !== "app_authenticated")')],
  "forgets who was released": [{ file: "store-sqlite/dist/writes.js", from: "releaseAgent.run(write);", to: "" }],
  "registers agents as others": [
    {
      file: "store-sqlite/dist/writes.js",
      from: "addAgent.run(fromAgent(write.agent));",
      to: 'addAgent.run(fromAgent({ ...write.agent, scope: ["read:data:*"], expiresAt: write.agent.expiresAt + 1e6 }));',
    },
  ],
  "registers no apps": [
    { file: "store-sqlite/dist/writes.js", from: "addApp.run(fromApp(write.app)).changes === 0", to: "false" },
  ],
  "changes no apps": [
    { file: "store-sqlite/dist/writes.js", from: "changeApp.run(fromApp(write.app)).changes === 0", to: "false" },
  ],
  "forgets secrets of apps": [
    {
      file: "store-sqlite/dist/writes.js",
      from: "addApp.run(fromApp(write.app))",
      to: 'addApp.run(fromApp({ ...write.app, secretHash: "00".repeat(32) }))',
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
