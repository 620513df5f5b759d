import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  type AuthorityOptions,
  auditOrigin,
  createAdminSecret,
  memoryCustody,
  openAuthority,
} from "@agentwrit/authority"
import { createSigningKey } from "@agentwrit/core"
import { openTrail, SqliteStore } from "@agentwrit/store-sqlite"
import { TEST_SETTINGS } from "@agentwrit/testing/settings"
import Sqlite from "better-sqlite3"
import { afterAll, beforeAll, expect, test } from "vitest"

// A broker of version 2.0.0 left this database, and these tokens of an app's agents. They last a century.
const LEFT = readFileSync(new URL("./left-by-2.0.0.sql", import.meta.url), "utf8")
const { own, delegated, revoked, client } = JSON.parse(
  readFileSync(new URL("./left-by-2.0.0.json", import.meta.url), "utf8"),
)

const CALLER = { resource: "/test", source: "127.0.0.1" }
const SECRET = "the operator's own secret"
const AUDIT_KEY = createSigningKey(new Uint8Array(32).fill(2))

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "agentwrit-upgrade-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A file with the database, edited by SQL. */
function left(sql = ""): string {
  const path = join(folder, `${crypto.randomUUID()}.db`)
  const database = new Sqlite(path)
  database.exec(LEFT + sql)
  database.close()
  return path
}

/** Opens the database. `told` is what the broker would log. */
async function open(path: string, options: Partial<AuthorityOptions> = {}) {
  const told: unknown[] = []
  const store = await SqliteStore.open({ path })
  const authority = await openAuthority({
    settings: { ...TEST_SETTINGS, maxTtl: 0 },
    store,
    keys: memoryCustody(createSigningKey(new Uint8Array(32).fill(1))),
    auditKey: AUDIT_KEY,
    adminSecret: createAdminSecret(SECRET),
    anchor: { kept: async () => undefined, keep: async () => undefined },
    observer: {
      recordsSealed: (counts) => told.push(counts),
      recordTampered: (problem) => told.push(problem),
      trailUnproven: (since, events) => told.push({ since, events }),
    },
    ...options,
  })
  return { authority, told }
}

const SEALED = { apps: 1, launchTokens: 3, agents: 3 }

function tableProblem(path: string): string | undefined {
  using trail = openTrail(path)
  return trail.tableProblem()
}

test("a database of version 2.0.0 keeps working: its tokens and chains of record v1 verify, its secrets sign in", async () => {
  const path = left()
  const { authority, told } = await open(path)
  expect(told).toEqual([SEALED])
  expect(await authority.validateToken(CALLER, delegated)).toMatchObject({
    delegation_chain: [{ scope: ["read:data:7"] }],
  })
  expect(await authority.validateToken(CALLER, revoked)).toBeUndefined()
  const held = await authority.authenticate(CALLER, own, { kinds: ["agent"] })
  const renewed = await authority.renewToken(CALLER, held)
  expect(await authority.validateToken(CALLER, renewed.accessToken)).toMatchObject({ sub: held.sub, scope: held.scope })
  await authority.signInApp(CALLER, client)
  expect(authority.health().auditChain).not.toBe("broken")
  await authority.close()
  expect(tableProblem(path)).toBeUndefined()

  const again = await open(path)
  expect(again.told).toEqual([])
  await again.authority.close()
})

test("a trail of version 2.0.0 that was changed seals nothing, and its records give nothing", async () => {
  const path = left("update events set detail = 'x' where seq = 2; update apps set scopes = '[\"write:data:*\"]';")
  const { authority, told } = await open(path)
  await expect(authority.signInApp(CALLER, client)).rejects.toMatchObject({ code: "unauthorized" })
  expect([...new Set(told)]).toEqual([expect.stringContaining("is not as the broker wrote it")])
  expect(authority.health().auditChain).toBe("broken")
  await authority.close()
})

test("a declared restore seals all records anew, under its own key", async () => {
  const path = left()
  await (await open(path)).authority.close()
  const auditKey = createSigningKey(new Uint8Array(32).fill(3))
  const anchor = { kept: async () => undefined, keep: async () => undefined }
  const origin = auditOrigin(TEST_SETTINGS.trustDomain, "one")
  const { authority, told } = await open(path, { auditKey, origin, restore: { name: "one", anchor } })
  // The restore deleted the launch tokens.
  expect(told).toEqual([{ ...SEALED, launchTokens: 0 }])
  await authority.signInApp(CALLER, client)
  await authority.close()
  expect(tableProblem(path)).toBeUndefined()
  const again = await open(path, { auditKey, origin })
  expect(again.told).toEqual([])
  await again.authority.signInApp(CALLER, client)
  await again.authority.close()
})
