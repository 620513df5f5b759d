import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { cp } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { type BrokerFolder, brokerFolder } from "@agentwrit/testing/broker-process"
import Sqlite from "better-sqlite3"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { runBroker, startBroker } from "./start-in-process.ts"

const readText = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")

const page = readText("docs/troubleshooting.md")
const told = [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, message = ""]) => message)

/** What is wrong, the message on the page, and how the test causes it. */
type Case = readonly [
  what: string,
  message: string,
  prepare: (folder: BrokerFolder) => Record<string, string> | Promise<Record<string, string>>,
]

const file = (folder: BrokerFolder, name: string, content: string, mode = 0o600): string => {
  const path = join(folder.path, name)
  writeFileSync(path, content, { mode })
  chmodSync(path, mode)
  return path
}

// Made once, because brokers start slowly.
let used: BrokerFolder
beforeAll(async () => {
  used = await brokerFolder()
  await (await startBroker(used, { AA_SEED_TOKENS: "true" })).stop()
})
afterAll(() => used[Symbol.asyncDispose]())

/** Fills the folder with the files of a broker that has served. */
const served = (folder: BrokerFolder): Promise<void> => cp(used.path, folder.path, { recursive: true })

const change = (folder: BrokerFolder, sql: string): void => {
  const database = new Sqlite(join(folder.path, "data.db"))
  database.exec(sql)
  database.close()
}

const CASES: readonly Case[] = [
  ["no secret", "AA_ADMIN_SECRET is unset: it is required", () => ({ AA_ADMIN_SECRET: "" })],
  [
    "the secret of an example",
    "it is the secret of the examples, which everyone knows",
    () => ({ AA_ADMIN_SECRET: "change-me-in-production" }),
  ],
  ["a short secret", "it is shorter than 16 characters", () => ({ AA_ADMIN_SECRET: "short", AA_MODE: "production" })],
  ["half a hash", "a whole bcrypt hash", () => ({ AA_ADMIN_SECRET: "$2b$10$short" })],
  [
    "a hash of the secret of an example",
    "it is the hash of the secret of the examples",
    () => ({ AA_ADMIN_SECRET: "$2b$10$olOVRwIXZy/RxrZgLykR1.R0aZLeXV19fQCQ54k3iNZsfZAtsNGU2", AA_MODE: "production" }),
  ],
  [
    "a folder of keys that others can write",
    "other users can replace files in",
    (f) => {
      const keys = join(f.path, "keys")
      mkdirSync(keys)
      chmodSync(keys, 0o777)
      return { AA_SIGNING_KEY_PATH: join(keys, "signing.key"), AA_MODE: "production" }
    },
  ],
  [
    "one key for tokens and trail",
    "holds the key of AA_SIGNING_KEY_PATH",
    async (f) => {
      await served(f)
      await cp(join(f.path, "audit.key"), join(f.path, "signing.key"))
      return {}
    },
  ],
  [
    "seed tokens in production",
    "tokens are never printed in production",
    () => ({ AA_SEED_TOKENS: "true", AA_MODE: "production" }),
  ],
  ["an invalid TTL", "accepted is a whole decimal number from", () => ({ AA_MAX_TTL: "1h" })],
  ["TLS without a certificate", "it is required, because AA_TLS_MODE is", () => ({ AA_TLS_MODE: "tls" })],
  [
    "an open config file",
    "is open to group or others",
    (f) => ({ AA_CONFIG_PATH: file(f, "config", "MODE=production\n", 0o644) }),
  ],
  [
    "a link to a config file",
    "is a symbolic link: give the file itself",
    (f) => {
      symlinkSync(file(f, "config", "MODE=production\n"), join(f.path, "link"))
      return { AA_CONFIG_PATH: join(f.path, "link") }
    },
  ],
  [
    "no config file",
    "the file does not exist; accepted is the path of a config file",
    (f) => ({ AA_CONFIG_PATH: join(f.path, "absent") }),
  ],
  [
    "no certificate",
    "the file does not exist; accepted is the path of a PEM file",
    (f) => ({ AA_TLS_MODE: "tls", AA_TLS_CERT: join(f.path, "absent"), AA_TLS_KEY: file(f, "key", "x") }),
  ],
  [
    "an invalid certificate",
    "the TLS files cannot be used",
    (f) => ({ AA_TLS_MODE: "tls", AA_TLS_CERT: file(f, "cert", "none"), AA_TLS_KEY: file(f, "key", "none") }),
  ],
  [
    "an address of another machine",
    "AA_BIND_ADDRESS is not an address of this machine",
    () => ({ AA_BIND_ADDRESS: "203.0.113.9" }),
  ],
  [
    "no folder for the keys",
    "cannot be created, because the folder",
    (f) => ({ AA_SIGNING_KEY_PATH: join(f.path, "absent", "signing.key") }),
  ],
  [
    "an invalid key",
    "does not hold a readable private key in PKCS#8 PEM",
    (f) => {
      file(f, "signing.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
      return {}
    },
  ],
  [
    "a key of another kind",
    "holds a key of type",
    (f) => {
      const ecKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
      file(f, "signing.key", ecKey.export({ format: "pem", type: "pkcs8" }).toString())
      return {}
    },
  ],
  [
    "no audit key",
    "does not exist, but the audit trail has events signed with it",
    async (f) => {
      await served(f)
      rmSync(join(f.path, "audit.key"))
      return {}
    },
  ],
  ["no folder for the database", "cannot be opened", (f) => ({ AA_DB_PATH: join(f.path, "absent", "data.db") })],
  [
    "a database in use",
    "is in use by another broker",
    async (f) => {
      await startBroker(f)
      return {}
    },
  ],
  [
    "another file instead of the database",
    "is not a database: choose another AA_DB_PATH",
    (f) => {
      file(f, "data.db", "no database, but a text that is long enough ".repeat(40))
      return {}
    },
  ],
  [
    "a database of another program",
    "is a database of another program",
    (f) => {
      change(f, "CREATE TABLE audit_events (id TEXT)")
      return {}
    },
  ],
  [
    "a newer database",
    "was written by a newer version",
    async (f) => {
      await served(f)
      change(f, "INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-future', '2099')")
      return {}
    },
  ],
  [
    "a half-written backup",
    "is damaged, only part of a database, or cannot be read",
    async (f) => {
      await served(f)
      truncateSync(join(f.path, "data.db"), 40_960)
      return {}
    },
  ],
  [
    "a restore that was not declared",
    "the database was put back to an older copy or changed",
    async (f) => {
      await served(f)
      for (const suffix of ["", "-wal", "-shm"]) rmSync(join(f.path, `data.db${suffix}`), { force: true })
      return {}
    },
  ],
  [
    "a checkpoint of another trail",
    "is not one that this key signed",
    async (f) => {
      await served(f)
      return { AA_TRUST_DOMAIN: "other.example" }
    },
  ],
  [
    "a damaged record of restores",
    "the record of restores",
    (f) => {
      file(f, "audit.restores", "damaged\n")
      return {}
    },
  ],
  [
    "a declaration without a restore",
    "a restore is declared, but the database is empty",
    () => ({ AA_DECLARE_RESTORE: "2026-11-25" }),
  ],
  [
    "a restored copy that was edited",
    "the restored audit trail does not verify",
    async (f) => {
      await served(f)
      change(f, "UPDATE events SET detail = 'nothing'")
      return { AA_DECLARE_RESTORE: "2026-11-25" }
    },
  ],
]

describe("a start that is refused", () => {
  test.each(CASES)("for %s prints the message of the page: %s", async (_, message, prepare) => {
    await using folder = await brokerFolder()
    mkdirSync(folder.path, { recursive: true })
    const environment = { ...folder.environment, ...(await prepare(folder)) }
    const { code, stderr } = await runBroker(environment)
    expect(stderr).toMatch(/^agentwrit-broker: /)
    expect(stderr).toContain(message)
    expect(code).toBe(1)
    expect(told).toContain(message)
    // The message is for an operator: no stack, no secret.
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(stderr).not.toContain(folder.environment["AA_ADMIN_SECRET"])
  })

  test("for a port that is taken says so", async () => {
    await using folder = await brokerFolder()
    const taken = createServer().listen(0, "127.0.0.1")
    await once(taken, "listening")
    const address = taken.address()
    const port = typeof address === "object" ? String(address?.port) : ""
    const { stderr } = await runBroker({ ...folder.environment, AA_PORT: port })
    taken.close()
    expect(told).toContain("the port is taken by another program: set AA_PORT to a free one")
    expect(stderr).toContain("the port is taken by another program: set AA_PORT to a free one")
  })
})

const BACKUP_TESTS = "tooling/e2e/test/awrit/backup.test.ts"

/** Messages of the page that other tests cause, and the text by which those tests recognise them. */
const ELSEWHERE: Readonly<Record<string, readonly [file: string, words: string]>> = {
  "is not a variable of the broker and is ignored; the nearest one is": [
    "apps/broker/test/config.test.ts",
    "is told apart from",
  ],
  "the port is taken by another program: set AA_PORT to a free one": [
    "apps/broker/test/start-failures.test.ts",
    "for a port that is taken",
  ],
  "the file cannot be opened (EACCES)": ["tooling/e2e/test/ship/image.test.ts", "AA_TLS_KEY=.*EACCES"],
  "expires soon: renew the file": ["apps/broker/test/certificates.test.ts", "expires soon: renew the file"],
  "certificates kept as they were": ["tooling/e2e/test/tls.test.ts", "certificates kept as they were"],
  "cannot be opened (EACCES): it and its folder must belong to the user who runs this": [
    "tooling/e2e/test/ship/image.test.ts",
    "it and its folder must belong to the user",
  ],
  "cannot be written (EACCES): check the folder's rights and free space": [
    "tooling/e2e/test/ship/image.test.ts",
    "check the folder's rights",
  ],
  "cannot be read (": [BACKUP_TESTS, "none\\.db cannot be read .*AA_DB_PATH"],
  "is damaged, or not a database": [BACKUP_TESTS, "is damaged, or not a database"],
  "cannot be written to": [BACKUP_TESTS, "cannot be written to"],
  "the copy is not sound, so nothing was backed up": [BACKUP_TESTS, "the copy is not sound, so nothing was backed up"],
  "holds another key than its name says": ["apps/broker/test/restore.test.ts", "another key than its name says"],
  "was carried out before and is ignored": ["apps/broker/test/restore.test.ts", "was carried out before"],
  // These need reserved low ports and a file system without locks, so no test covers them: only the source contains the text.
  "the port may not be opened by this user": [
    "apps/broker/src/start-failure.ts",
    "the port may not be opened by this user",
  ],
  "cannot be made durable": ["packages/store-sqlite/src/connection.ts", "cannot be made durable"],
}

test("every message about starts on the page is covered by a test", () => {
  const starts = page.slice(0, page.indexOf("## While it serves"))
  const messages = [...starts.matchAll(/^\| `([^`]+)`/gm)].map(([, message = ""]) => message)
  const tried = CASES.map(([, message]) => message)
  expect(messages.filter((message) => !tried.includes(message)).sort()).toEqual(Object.keys(ELSEWHERE).sort())
  for (const [file, words] of Object.values(ELSEWHERE)) expect(readText(file)).toContain(words)
})
