import type { Fault } from "../fault.ts"

/** By what a broker does in the long run: floods, a wrong clock, a soak. */
export const ENDURANCE_FAULTS = {
  "hangs up on strangers": [
    {
      file: "broker/dist/server.js",
      from: "        adapter(incoming, outgoing).catch",
      to: "        if (/challenge|since/.test(incoming.url) && (globalThis.asked = (globalThis.asked ?? 0) + 1) % 500 === 0) incoming.socket.destroy();\n        adapter(incoming, outgoing).catch",
    },
  ],
  "remembers strangers": [
    {
      file: "authority/dist/challenge.js",
      from: "    return { nonce",
      to: "    (globalThis.kept ??= []).push(Buffer.alloc(100_000, 1));\n    return { nonce",
    },
  ],
  "folds no denials": [
    {
      file: "authority/dist/denial-fold.js",
      from: "    admits(source, subject) {",
      to: "    admits(source, subject) { return true;",
    },
  ],
  "drops what it folds": [{ file: "authority/dist/denial-fold.js", from: "known.count += count;", to: "" }],
  "refuses challenges in a flood": [
    {
      file: "authority/dist/challenge.js",
      from: "    return { nonce",
      to: "    globalThis.challenges = (globalThis.challenges ?? 0) + 1;\n    if (globalThis.challenges % 300 === 0) throw new Error();\n    return { nonce",
    },
  ],
  "answers no challenge": [
    {
      file: "broker/dist/routes/challenge.js",
      from: "run: (authority) =>",
      to: "run: (authority) => new Promise(() => {}) ||",
    },
  ],
  "serves nobody beside a flood": [
    {
      file: "authority/dist/launch-token.js",
      from: "async function issue(context, caller, maker, request, conditions) {",
      to: "async function issue(context, caller, maker, request, conditions) { await new Promise(() => {});",
    },
  ],
  "bounds no streams": [
    {
      file: "broker/dist/http/follower-streams.js",
      from: "{ ofSource: 256, inAll: 1024 }",
      to: "{ ofSource: 1e6, inAll: 1e6 }",
    },
  ],
  "keeps much for each stream": [
    {
      file: "broker/dist/http/follower-streams.js",
      from: "function eventStream(follow, place, { breakOff, closed }) {",
      to: "function eventStream(follow, place, { breakOff, closed }) { (globalThis.kept ??= []).push(Buffer.alloc(200_000, 1));",
    },
  ],
  "has no place for streams and a bug": [
    {
      file: "broker/dist/http/follower-streams.js",
      from: "{ ofSource: 256, inAll: 1024 }",
      to: "{ ofSource: 256, inAll: 60 }",
    },
    {
      file: "broker/dist/http/follower-streams.js",
      from: 'throw new Refusal("unavailable", {',
      to: 'throw new Error("unavailable", {',
    },
  ],
  "forgets by the clock alone": [
    { file: "authority/dist/clock.js", from: "if (elapsed === undefined)", to: "if (true)" },
  ],
  "runs no maintenance": [{ file: "authority/dist/maintenance.js", from: "this.#wait(FIRST);", to: "" }],
  "counts no skew": [{ file: "authority/dist/token-check.js", from: "if (claims.nbf > now)", to: "if (false)" }],
  "registers nobody after a step back": [
    {
      file: "authority/dist/registration.js",
      from: "const decided = await decide(context, request, now);",
      to: "globalThis.latest = Math.max(globalThis.latest ?? 0, now); if (now < globalThis.latest - 60_000) throw new Error(); const decided = await decide(context, request, now);",
    },
  ],
  "lets what was ended pass": [
    {
      file: "authority/dist/token-check.js",
      from: "if (verified.revocationDigests.some(",
      to: "if (false && verified.revocationDigests.some(",
    },
    {
      file: "authority/dist/token-check.js",
      from: "return context.revocations.has(revocationDigest(level, target));",
      to: "return false;",
    },
    {
      file: "authority/dist/app-ceiling.js",
      from: "app === undefined || app.deregisteredAt !== undefined",
      to: "app === undefined",
    },
    {
      file: "authority/dist/app-sign-in.js",
      from: "return app.deregisteredAt === undefined ?",
      to: "return true ?",
    },
    {
      file: "authority/dist/launch-token.js",
      from: "app === undefined || app.deregisteredAt !== undefined",
      to: "app === undefined",
    },
  ],
  "checks tokens by the latest time": [
    {
      file: "authority/dist/token-check.js",
      from: "const now = toUnixSeconds(context.clock.now());",
      to: "const now = (globalThis.newest = Math.max(globalThis.newest ?? 0, toUnixSeconds(context.clock.now())));",
    },
  ],
  "lists by the clock": [
    {
      file: "store-sqlite/dist/sqlite-store.js",
      from: '.orderBy("seq", "desc")',
      to: '.orderBy("created_at", "desc")',
    },
    {
      file: "store-sqlite/dist/agent-query.js",
      from: '.orderBy("seq", "desc")',
      to: '.orderBy("registered_at", "desc")',
    },
    { file: "store-sqlite/dist/revocation-query.js", from: '.orderBy("seq")', to: '.orderBy("digest", "desc")' },
  ],
  "stalls at a challenge": [
    {
      file: "authority/dist/challenge.js",
      from: "    return { nonce",
      to: "    for (const end = performance.now() + 300; performance.now() < end; );\n    return { nonce",
    },
  ],
  "leaks at each commit": [
    {
      file: "authority/dist/trail.js",
      from: "const began = performance.now();",
      to: 'const began = performance.now(); (globalThis.kept ??= []).push(Buffer.alloc(40_000, 1)); if (globalThis.kept.length % 3 === 0) process.getBuiltinModule("node:fs").openSync("/dev/null");',
    },
  ],
  "never empties its WAL": [
    {
      file: "store-sqlite/dist/commit-queue.js",
      from: "            this.#statements.commit.run();",
      // So that it grows on a slow machine too.
      to: '            this.#options.database.exec("create table if not exists filler (bytes); insert into filler values (randomblob(100000))");\n            this.#statements.commit.run();',
    },
    {
      file: "store-sqlite/dist/connection.js",
      from: 'database.pragma("synchronous = FULL");\n    try',
      to: 'database.pragma("synchronous = FULL"); database.pragma("wal_autocheckpoint = 0");\n    try',
    },
  ],
} as const satisfies Record<string, readonly Fault[]>
