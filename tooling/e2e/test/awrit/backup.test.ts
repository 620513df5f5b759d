import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, existsSync, readdirSync, statSync, watch } from "node:fs"
import { join } from "node:path"
import { SqliteStore } from "@agentwrit/store-sqlite"
import { AWRIT, awrit } from "@agentwrit/testing/awrit"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { launchToken } from "@agentwrit/testing/client"
import { type SharedBroker, shareBroker } from "@agentwrit/testing/shared-broker"
import Sqlite from "better-sqlite3"
import { beforeAll, describe, expect, test } from "vitest"

let shared: SharedBroker
shareBroker((started) => {
  shared = started
})

const database = (): string => join(shared.folder.path, "data.db")

/** Makes two more databases: one of another program, and a copy of the broker's with an edited event. */
async function madeWrong(): Promise<void> {
  new Sqlite(join(shared.folder.path, "other.db")).exec("CREATE TABLE notes (text)").close()
  const edited = join(shared.folder.path, "edited.db")
  expect(await awrit(["backup", "--db", database(), "--to", edited])).toMatchObject({ code: 0 })
  new Sqlite(edited).exec("UPDATE events SET detail = 'nothing'").close()
}

describe("awrit backup", () => {
  beforeAll(madeWrong)

  test("copies the database of a running broker, and a broker starts on the copy", async () => {
    await launchToken(shared.url, shared.admin)
    await using folder = await brokerFolder()
    const to = join(folder.path, "data.db")
    for (const key of ["audit.key", "signing.key"]) cpSync(join(shared.folder.path, key), join(folder.path, key))
    const { code, stderr, stdout } = await awrit(["backup", "--db", database(), "--to", to])
    expect([code, stderr]).toEqual([0, ""])
    expect(stdout).toMatch(/^backup +.*data\.db$/m)
    expect(stdout).toMatch(/^verified +pages, hash chain/m)
    expect(statSync(to).mode & 0o777).toBe(0o600)
    const broker = await startBroker(folder)
    expect((await broker.end("SIGTERM")).code).toBe(0)
  })

  test("prints one document with --json", async () => {
    const to = join(shared.folder.path, "json.db")
    const { code, stderr, stdout } = await awrit(["backup", "--json", "--db", database(), "--to", to])
    expect([code, stderr]).toEqual([0, ""])
    expect(JSON.parse(stdout)).toEqual({
      path: to,
      bytes: statSync(to).size,
      events: expect.any(Number),
      checkpoint_size: expect.toBeOneOf([null, expect.any(Number)]),
    })
  })

  test.each([
    ["without --db", ["--to", "x.db"], 2, /--db is missing: give the broker's database/],
    ["without --to", ["--db", "data.db"], 2, /--to is missing: give a new file for the backup/],
    [
      "onto a file that is there",
      ["--db", "data.db", "--to", "data.db"],
      1,
      /never replaces a file: give another name/,
    ],
    ["of a file that does not exist", ["--db", "none.db", "--to", "x.db"], 1, /none\.db cannot be read .*AA_DB_PATH/],
    [
      "of a file that is not a database",
      ["--db", "audit.pub", "--to", "x.db"],
      1,
      /audit\.pub is damaged, or not a database/,
    ],
    [
      "of another program's database",
      ["--db", "other.db", "--to", "x.db"],
      1,
      /is not a database of the broker: give its AA_DB_PATH/,
    ],
    [
      "of a database whose trail was edited",
      ["--db", "edited.db", "--to", "x.db"],
      1,
      /the copy is not sound, so nothing was backed up/,
    ],
    ["into a folder that does not exist", ["--db", "data.db", "--to", "no/x.db"], 1, /cannot be written to .*\/no/],
  ])("%s fails with one line that says what to do, and leaves no file", async (_, words, exitCode, message) => {
    const cwd = shared.folder.path
    const { code, stderr, stdout } = await awrit(["backup", ...words], { cwd })
    expect([code, stdout]).toEqual([exitCode, ""])
    expect(stderr).toMatch(message)
    expect(stderr.trim().split("\n")).toHaveLength(1)
    expect(readdirSync(cwd).filter((name) => name.includes("x.db"))).toEqual([])
    expect(existsSync(database())).toBe(true)
  })

  test("leaves no file after Ctrl-C", async () => {
    await using folder = await brokerFolder()
    const from = join(folder.path, "large.db")
    const store = await SqliteStore.open({ path: from })
    const event = { event_type: "admin_auth", detail: "signed in ".repeat(100), outcome: "success" } as const
    for (let round = 0; round < 40; round++)
      await store.commit({ writes: [], events: Array.from({ length: 1000 }, () => event) })
    await store.housekeeping.close()
    const before = readdirSync(folder.path)
    const watcher = watch(folder.path)
    const child = spawn(process.execPath, [AWRIT, "backup", "--db", from, "--to", join(folder.path, "x.db")], {
      stdio: ["ignore", "ignore", "pipe"],
    })
    let stderr = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
    // The hidden copy exists, so the command is running.
    await once(watcher, "change")
    watcher.close()
    child.kill("SIGINT")
    expect(await once(child, "close")).toEqual([1, null])
    expect(stderr).toBe("awrit: interrupted: nothing was backed up\n")
    expect(readdirSync(folder.path)).toEqual(before)
  })
})
