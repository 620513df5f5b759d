import { generateKeyPairSync, sign } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createAdminSecret, memoryCustody, openAuthority, Refusal } from "@agentwrit/authority"
import { type Claims, createSigningKey } from "@agentwrit/core"
import { openTrail, SqliteStore } from "@agentwrit/store-sqlite"
import { TEST_SETTINGS } from "@agentwrit/testing/settings"
import Sqlite from "better-sqlite3"
import { afterAll, beforeAll, expect, test } from "vitest"

// Before: an attacker who could write the database file could widen scopes and ceilings, insert launch tokens and
// delete revocations. Health and `awrit audit verify` reported no fault.

const CALLER = { resource: "/test", source: "127.0.0.1" }
const SECRET = "the operator's own secret"
const SPENT = "a".repeat(64)

let folder: string
let file: string
let clientId: string
let clientSecret: string
let agentId: string
let launchToken: string

const open = async (path: string, told: string[] = []) => {
  const store = await SqliteStore.open({ path })
  const authority = await openAuthority({
    settings: TEST_SETTINGS,
    store,
    keys: memoryCustody(createSigningKey(new Uint8Array(32).fill(1))),
    auditKey: createSigningKey(new Uint8Array(32).fill(2)),
    adminSecret: createAdminSecret(SECRET),
    anchor: { kept: async () => undefined, keep: async () => undefined },
    observer: { recordTampered: (problem) => told.push(problem) },
  })
  return { store, authority }
}

async function operatorOf(authority: Opened): Promise<Claims> {
  const { accessToken } = await authority.signInAdmin(CALLER, SECRET)
  return authority.authenticate(CALLER, accessToken, { kinds: ["admin"] })
}

type Opened = Awaited<ReturnType<typeof open>>["authority"]

function register(authority: Opened, ticket: string, requestedScope = ["read:data:7"]) {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  const { nonce } = authority.challenge()
  return authority.register(CALLER, {
    launchToken: ticket,
    nonce,
    publicKey: Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64"),
    signature: sign(null, Buffer.from(nonce, "hex"), privateKey).toString("base64"),
    orchId: "crm",
    taskId: "t-1",
    requestedScope,
  })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "agentwrit-edit-"))
  file = join(folder, "data.db")
  const { authority } = await open(file)
  const operator = await operatorOf(authority)
  const app = await authority.createApp(CALLER, operator, { name: "crm", scopes: ["read:data:*"], orchIds: ["crm"] })
  clientId = app.clientId
  clientSecret = app.clientSecret
  const signedIn = await authority.signInApp(CALLER, { clientId, clientSecret })
  const appClaims = await authority.authenticate(CALLER, signedIn.accessToken, { kinds: ["app"] })
  const policy = { agentName: "worker", allowedScope: ["read:data:*"], ttl: 600, maxTtl: 600 }
  const spent = await authority.createAppLaunchToken(CALLER, appClaims, policy)
  const registered = await register(authority, spent.launchToken)
  agentId = registered.agentId
  launchToken = (await authority.createAppLaunchToken(CALLER, appClaims, policy)).launchToken
  await authority.revoke(CALLER, operator, { level: "task", target: "t-9" })
  clientSecret = (await authority.rotateAppSecret(CALLER, operator, app.appId)).clientSecret
  await authority.rotateKey(CALLER, operator)
  await authority.close()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A copy of the database of a stopped broker, edited by SQL. */
async function edited(sql: string, from = file): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.db`)
  const source = new Sqlite(from, { readonly: true })
  await source.backup(path)
  source.close()
  const copy = new Sqlite(path)
  copy.exec(sql)
  copy.close()
  return path
}

/** Edits by SQL; `old` is the database before. */
function edit(path: string, sql: string): void {
  const database = new Sqlite(path)
  database.prepare("attach ? as old").run(file)
  database.exec(sql)
  database.close()
}

/** When the launch token was spent that was spent last. */
const LAST_SPENT = "(select max(spent_at) from launch_tokens)"

function tableProblem(path: string): string | undefined {
  using trail = openTrail(path)
  return trail.tableProblem()
}

test("a database that nobody edited is sound", async () => {
  const path = await edited("select 1")
  expect(tableProblem(path)).toBeUndefined()
  const { authority, store } = await open(path)
  expect(await store.trail.verify(new AbortController().signal, { atOnce: true })).toBeUndefined()
  await register(authority, launchToken)
  await authority.close()
  expect(tableProblem(path)).toBeUndefined()
})

// Before, these gave their right until the next start or verification. A trigger that was dropped again even had its edit
// sealed as the broker's own, so that the next start accepted it.
test.each([
  ["a spent launch token made unspent", "update launch_tokens set spent_at = null, uses = 0", "select 1"],
  [
    "an older ceiling",
    "update apps set (scopes, revision, mac, event) = (select scopes, revision, mac, event from old.apps)",
    "select 1",
  ],
  ["a deleted revocation", "delete from revocations", "select 1"],
  [
    "a trigger",
    "create trigger planted after insert on events begin delete from revocations; end",
    "drop trigger planted",
  ],
])("a running broker commits nothing after %s, nor does the next one accept it", async (_, sql, cleanUp) => {
  const path = await edited("select 1")
  const { authority } = await open(path)
  const { accessToken } = await register(authority, launchToken)
  const [app] = await authority.listApps()
  const operator = await operatorOf(authority)
  await authority.updateApp(CALLER, operator, app?.appId, { scopes: ["read:data:7"] })
  await authority.releaseToken(CALLER, await authority.authenticate(CALLER, accessToken, { kinds: ["agent"] }))
  edit(path, sql)
  await expect(register(authority, launchToken)).rejects.toBeInstanceOf(Refusal)
  await expect(operatorOf(authority)).rejects.toMatchObject({ code: "unavailable" })
  await authority.close().catch(() => undefined)
  // The broker's process would have ended. Here it still has the file.
  const { authority: next } = await open(await edited(cleanUp, path))
  expect(await next.validateToken(CALLER, accessToken)).toBeUndefined()
  await expect(register(next, launchToken)).rejects.toBeInstanceOf(Refusal)
  await next.close().catch(() => undefined)
})

test("a broker goes on when someone else writes to its database what gives no right", async () => {
  const path = await edited("select 1")
  const { authority } = await open(path)
  edit(path, "update agents set task_id = 't-7'; vacuum")
  await operatorOf(authority)
  await authority.close()
})

// Before, these were good from the start on until the verification in the background reached them.
test.each([
  ["a deleted revocation", "delete from revocations"],
  ["a narrower revocation", "update revocations set expires_at = 1"],
  [
    "a spent launch token made unspent",
    `update launch_tokens set spent_at = null, uses = 0 where spent_at = ${LAST_SPENT}`,
  ],
  [
    "an older ceiling",
    "update apps set (scopes, revision, mac, event) = (select scopes, revision, mac, event from old.apps)",
  ],
  ["an orchestration without its app", "update apps set orch_ids = '[]'"],
  ["a deleted revocation and no seal", "delete from revocations; delete from table_seal"],
  [
    "an older seal",
    "delete from revocations; update table_seal set (nonce, sum, mac) = (select nonce, sum, mac from old.table_seal)",
  ],
])("after a start with %s nothing of before is accepted, and health says broken", async (_, sql) => {
  const path = await edited("select 1")
  const before = await open(path)
  const { accessToken } = await register(before.authority, launchToken)
  const [app] = await before.authority.listApps()
  await before.authority.updateApp(CALLER, await operatorOf(before.authority), app?.appId, { scopes: ["read:data:7"] })
  await before.authority.close()
  edit(path, sql)
  const { authority } = await open(path)
  expect(authority.health().auditChain).toBe("broken")
  expect(await authority.validateToken(CALLER, accessToken)).toBeUndefined()
  await expect(register(authority, launchToken)).rejects.toMatchObject({ code: "unauthorized" })
  await expect(authority.signInApp(CALLER, { clientId, clientSecret })).rejects.toMatchObject({ code: "unauthorized" })
  // Operators go on.
  expect(await authority.listApps()).toHaveLength(1)
  await operatorOf(authority)
  await authority.close().catch(() => undefined)
})

// Before: the feed ended where SQLite's own count of the revocations said, so that an edit of it hid them from verifiers.
test.each(["delete from sqlite_sequence", "update sqlite_sequence set seq = 0"])(
  "after %s the feed still has every revocation",
  async (sql) => {
    const { authority } = await open(await edited(sql))
    const { head, jws } = await authority.revocationsPage(CALLER, 0)
    const { entries } = JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString())
    expect([head, entries]).toEqual([1, [expect.objectContaining({ seq: 1, level: "task" })]])
    await authority.close()
  },
)

/** Columns that give nothing when they change: they only take a right away, name a row, order a list or count. */
const HARMLESS: readonly string[] = [
  "apps.seq",
  "launch_tokens.agent_name",
  "launch_tokens.uses",
  "launch_tokens.spent_at",
  "agents.seq",
  "agents.released_at",
  "agents.revoked_at",
  "agents.expired_at",
  // Seals are checked with the broker's key, at every use.
  "apps.mac",
  "launch_tokens.mac",
  "agents.mac",
  "key_ring.mac",
  // The order is kept by adding one to the last.
  "revocations.seq",
]

/**
 * Tables that give no right: the trail and its proofs, nonces, what a revocation counts, and those of SQLite and of the
 * migrations.
 */
const WITHOUT_RIGHTS: readonly string[] = [
  "events",
  "checkpoints",
  "spent_nonces",
  "token_targets",
  "table_seal",
  "sqlite_sequence",
  "kysely_migration",
]

interface Column {
  readonly table: string
  readonly name: string
  readonly type: string
}

test("every column of every table that gives rights is held against the trail", async () => {
  const database = new Sqlite(file, { readonly: true })
  const columns = database
    .prepare<[], Column>(
      `select tables.name as "table", columns.name, columns.type
       from sqlite_schema as tables, pragma_table_info(tables.name) as columns where tables.type = 'table'`,
    )
    .all()
    // SQLite itself keeps the id of the only ring.
    .filter(({ table, name }) => !WITHOUT_RIGHTS.includes(table) && `${table}.${name}` !== "key_ring.id")
  database.close()
  const unnoticed: string[] = []
  for (const { table, name, type } of columns) {
    const value =
      type === "INTEGER"
        ? `ifnull(${name}, 0) + 1`
        : type === "BLOB"
          ? "zeroblob(32)"
          : `case when json_valid(${name}) then '["write:data:*"]' else 'other' end`
    const key = { launch_tokens: "hash", tokens: "jti", key_ring: "id" }[table] ?? "seq"
    const path = await edited(
      `update ${table} set ${name} = ${value} where ${key} = (select max(${key}) from ${table})`,
    )
    if (tableProblem(path) === undefined) unnoticed.push(`${table}.${name}`)
  }
  expect(unnoticed.filter((column) => !HARMLESS.includes(column))).toEqual([])
})

test.each([
  ["a deleted revocation", "delete from revocations", /the revocation of task t-9 by evt-\d+ is missing/],
  ["a deleted agent", "delete from agents", /agent .* was set by evt-\d+, and is missing/],
  ["a deleted app", "delete from apps", /app .* is missing/],
  [
    "a spent launch token made unspent",
    "update launch_tokens set spent_at = null where spent_at is not null",
    /was used by evt-\d+, and its row does not say so/,
  ],
  [
    "an inserted launch token that names an event",
    `insert into launch_tokens (hash, agent_name, allowed_scope, max_ttl, single_use, created_at, expires_at, event)
     values (x'${SPENT}', 'x', '["write:data:*"]', 9, 0, 0, 9e15, 1)`,
    /refers to evt-000001|is not as evt-000001 says/,
  ],
  [
    "an inserted launch token that names no event",
    `insert into launch_tokens (hash, agent_name, allowed_scope, max_ttl, single_use, created_at, expires_at)
     values (x'${SPENT}', 'x', '["write:data:*"]', 9, 0, 0, 9e15)`,
    /a launch token for x refers to no event/,
  ],
  [
    "a revocation to be deleted before its end",
    "update revocations set forget_at = 1",
    /the revocation of task t-9 would be deleted before its end/,
  ],
])("%s is found by the verification", async (_name, sql, problem) => {
  expect(tableProblem(await edited(sql))).toMatch(problem)
})

test("an app with a widened ceiling cannot sign in, and health says that the database was changed", async () => {
  const told: string[] = []
  const path = await edited(`update apps set scopes = '["write:data:*"]'`)
  const { authority } = await open(path, told)
  await expect(authority.signInApp(CALLER, { clientId, clientSecret })).rejects.toMatchObject({ code: "unauthorized" })
  expect(told[0]).toMatch(/record of app .* is not as the broker wrote it/)
  expect(authority.health().auditChain).toBe("broken")
  await authority.close().catch(() => undefined)
})

test("a widened or inserted launch token registers no agent", async () => {
  const path = await edited(`update launch_tokens set allowed_scope = '["write:data:*"]', event = null`)
  const { authority } = await open(path)
  await expect(register(authority, launchToken, ["write:data:1"])).rejects.toMatchObject({ code: "unauthorized" })
  await authority.close().catch(() => undefined)
})

test("a row that names no event is found by its seal", async () => {
  const path = await edited(`update agents set scope = '["write:data:*"]', event = null where agent_id = '${agentId}'`)
  const { store, authority } = await open(path)
  const { signal } = new AbortController()
  const key = createSigningKey(new Uint8Array(32).fill(2)).sign(new TextEncoder().encode("agentwrit-records-key-v1"))
  expect(await store.trail.verify(signal, { atOnce: true, recordsKey: key })).toMatch(/agent/)
  await authority.close().catch(() => undefined)
})

test.each([
  ["trigger", "create trigger planted after insert on agents begin update agents set ttl = 1; end"],
  ["view", "create view planted as select * from agents"],
  ["table", "create table planted (a)"],
  ["index", "create index planted on agents (ttl)"],
])("a planted %s stops the start", async (type, sql) => {
  const path = await edited(sql)
  await expect(SqliteStore.open({ path })).rejects.toMatchObject({
    code: "database_changed",
    message: expect.stringContaining(`the ${type} planted`),
  })
})

// Before: only types and names of the schema's objects were compared.
test.each([
  ["table apps", "text not null default '[]'", `text not null default '["crm"]'`],
  ["index apps_with_orch_ids", "where orch_ids <> '[]'", "where orch_ids = '[]'"],
])("a changed %s stops the start", async (object, from, to) => {
  const [, name] = object.split(" ")
  const path = await edited("select 1")
  const copy = new Sqlite(path)
  copy.unsafeMode()
  copy.pragma("writable_schema = ON")
  const changed = copy.prepare("update sqlite_schema set sql = replace(sql, ?, ?) where name = ?").run(from, to, name)
  copy.close()
  expect(changed.changes).toBe(1)
  await expect(SqliteStore.open({ path })).rejects.toMatchObject({
    code: "database_changed",
    message: expect.stringContaining(`the ${object} in another form`),
  })
})
