import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { cp } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { type BrokerFolder, brokerFolder } from "@agentwrit/testing/broker-process"
import Sqlite from "better-sqlite3"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { runBroker, startBroker } from "./start-in-process.ts"

const page = readFileSync(new URL("../../../docs/troubleshooting.md", import.meta.url), "utf8")
const rows = [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, message = ""]) => message)

/** What is wrong, the variable or file that the message must name, and how the test causes it. */
type Case = readonly [
  what: string,
  name: string,
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

/** The message says what is accepted, so the page does not have to. */
const CONFIGURATION: readonly Case[] = [
  ["no secret", "AA_ADMIN_SECRET", () => ({ AA_ADMIN_SECRET: "" })],
  ["the secret of an example", "AA_ADMIN_SECRET", () => ({ AA_ADMIN_SECRET: "change-me-in-production" })],
  ["a short secret", "AA_ADMIN_SECRET", () => ({ AA_ADMIN_SECRET: "short", AA_MODE: "production" })],
  ["half a hash", "AA_ADMIN_SECRET", () => ({ AA_ADMIN_SECRET: "$2b$10$short" })],
  ["seed tokens in production", "AA_SEED_TOKENS", () => ({ AA_SEED_TOKENS: "true", AA_MODE: "production" })],
  ["an invalid TTL", "AA_MAX_TTL", () => ({ AA_MAX_TTL: "1h" })],
  ["TLS without a certificate", "AA_TLS_CERT", () => ({ AA_TLS_MODE: "tls" })],
  ["an open config file", "config", (f) => ({ AA_CONFIG_PATH: file(f, "config", "MODE=production\n", 0o644) })],
  [
    "a link to a config file",
    "link",
    (f) => {
      symlinkSync(file(f, "config", "MODE=production\n"), join(f.path, "link"))
      return { AA_CONFIG_PATH: join(f.path, "link") }
    },
  ],
  ["no file of the secret", "absent", (f) => ({ AA_ADMIN_SECRET: "", AA_ADMIN_SECRET_FILE: join(f.path, "absent") })],
  ["no config file", "absent", (f) => ({ AA_CONFIG_PATH: join(f.path, "absent") })],
  ["an address of another machine", "AA_BIND_ADDRESS", () => ({ AA_BIND_ADDRESS: "203.0.113.9" })],
  ["a declaration without a restore", "AA_DECLARE_RESTORE", () => ({ AA_DECLARE_RESTORE: "2026-11-25" })],
]

/** A row of the page says what to do. */
const FILES: readonly Case[] = [
  [
    "a folder of keys that others can write",
    "keys",
    (f) => {
      const keys = join(f.path, "keys")
      mkdirSync(keys)
      chmodSync(keys, 0o777)
      return { AA_SIGNING_KEY_PATH: join(keys, "signing.key"), AA_MODE: "production" }
    },
  ],
  [
    "one key for tokens and trail",
    "AA_SIGNING_KEY_PATH",
    async (f) => {
      await served(f)
      await cp(join(f.path, "audit.key"), join(f.path, "signing.key"))
      return {}
    },
  ],
  [
    "no certificate",
    "AA_TLS_CERT",
    (f) => ({ AA_TLS_MODE: "tls", AA_TLS_CERT: join(f.path, "absent"), AA_TLS_KEY: file(f, "key", "x") }),
  ],
  [
    "an invalid certificate",
    "TLS",
    (f) => ({ AA_TLS_MODE: "tls", AA_TLS_CERT: file(f, "cert", "none"), AA_TLS_KEY: file(f, "key", "none") }),
  ],
  ["no folder for the keys", "signing.key", (f) => ({ AA_SIGNING_KEY_PATH: join(f.path, "absent", "signing.key") })],
  [
    "an invalid key",
    "signing.key",
    (f) => {
      file(f, "signing.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
      return {}
    },
  ],
  [
    "a key of another kind",
    "signing.key",
    (f) => {
      const ecKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
      file(f, "signing.key", ecKey.export({ format: "pem", type: "pkcs8" }).toString())
      return {}
    },
  ],
  [
    "no audit key",
    "audit.key",
    async (f) => {
      await served(f)
      rmSync(join(f.path, "audit.key"))
      return {}
    },
  ],
  ["no folder for the database", "data.db", (f) => ({ AA_DB_PATH: join(f.path, "absent", "data.db") })],
  [
    "a database in use",
    "data.db",
    async (f) => {
      await startBroker(f)
      return {}
    },
  ],
  [
    "another file instead of the database",
    "data.db",
    (f) => {
      file(f, "data.db", "no database, but a text that is long enough ".repeat(40))
      return {}
    },
  ],
  [
    "a database of another program",
    "data.db",
    (f) => {
      change(f, "CREATE TABLE audit_events (id TEXT)")
      return {}
    },
  ],
  [
    "a newer database",
    "data.db",
    async (f) => {
      await served(f)
      change(f, "INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-future', '2099')")
      return {}
    },
  ],
  [
    "a half-written backup",
    "data.db",
    async (f) => {
      await served(f)
      truncateSync(join(f.path, "data.db"), 40_960)
      return {}
    },
  ],
  [
    "a restore that was not declared",
    "AA_DECLARE_RESTORE",
    async (f) => {
      await served(f)
      for (const suffix of ["", "-wal", "-shm"]) rmSync(join(f.path, `data.db${suffix}`), { force: true })
      return {}
    },
  ],
  [
    "a copy beside the WAL of the database before it",
    "data.db-wal",
    async (f) => {
      await served(f)
      file(f, "data.db-wal", "a leftover")
      const copy = openSync(join(f.path, "data.db"), "r+")
      writeSync(copy, Buffer.of(1), 0, 1, 18)
      closeSync(copy)
      return {}
    },
  ],
  [
    "a checkpoint of another trail",
    "checkpoint",
    async (f) => {
      await served(f)
      return { AA_TRUST_DOMAIN: "other.example" }
    },
  ],
  [
    "a damaged record of restores",
    "audit.restores",
    (f) => {
      file(f, "audit.restores", "damaged\n")
      return {}
    },
  ],
  [
    "a restored copy that was edited",
    "audit trail",
    async (f) => {
      await served(f)
      change(f, "UPDATE events SET detail = 'nothing'")
      return { AA_DECLARE_RESTORE: "2026-11-25" }
    },
  ],
]

async function refusedStart(prepare: Case[2]): Promise<string> {
  await using folder = await brokerFolder()
  mkdirSync(folder.path, { recursive: true })
  const environment = { ...folder.environment, ...(await prepare(folder)) }
  const { code, stderr } = await runBroker(environment)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^agentwrit-broker: /)
  // The message is for an operator: no stack, no secret.
  expect(stderr).not.toMatch(/\n\s+at /)
  expect(stderr).not.toContain(folder.environment["AA_ADMIN_SECRET"])
  return stderr
}

const isOnPage = (stderr: string): boolean => rows.some((message) => stderr.includes(message))

describe("a start is refused", () => {
  test.each(CONFIGURATION)("for %s, with a message that names %s", async (_, name, prepare) => {
    expect(await refusedStart(prepare)).toContain(name)
  })

  test.each(FILES)("for %s, with a message that names %s and has a row on the page", async (_, name, prepare) => {
    const stderr = await refusedStart(prepare)
    expect(stderr).toContain(name)
    expect(stderr).toSatisfy(isOnPage)
  })

  test("for a port that is taken, with a message that names it and has a row on the page", async () => {
    const taken = createServer().listen(0, "127.0.0.1")
    await once(taken, "listening")
    const address = taken.address()
    const port = typeof address === "object" ? String(address?.port) : ""
    const stderr = await refusedStart(() => ({ AA_PORT: port }))
    taken.close()
    expect(stderr).toContain("AA_PORT")
    expect(stderr).toSatisfy(isOnPage)
  })
})
