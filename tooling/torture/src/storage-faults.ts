import { execFileSync } from "node:child_process"
import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import { brokerFolder, runBroker } from "@agentwrit/e2e/broker-process"
import { call } from "@agentwrit/e2e/client"
import Sqlite from "better-sqlite3"
import { noDisk, smallDisk } from "./disk.ts"
import { missing, notRoot } from "./needs.ts"
import { Random } from "./random.ts"
import type { Scenario } from "./stage.ts"
import { StorageCase } from "./storage-case.ts"

/** One way in which storage fails. */
export interface StorageFault {
  readonly name: string
  /** Why it cannot be tried here. */
  readonly lacking?: () => string | undefined
  /** On a small disk of its own. */
  readonly small?: true
  /** Part of the short profile as well. */
  readonly isBrief?: true
  run(on: StorageCase, seed: number): Promise<void>
}

const data = (on: StorageCase): string => join(on.folder.path, "data.db")

/** Each way in which storage fails, and what a broker owes its clients then. */
export const STORAGE_FAULTS: readonly StorageFault[] = [
  {
    name: "full disk",
    isBrief: true,
    small: true,
    lacking: () => notRoot() ?? missing("mount") ?? noDisk(() => smallDisk(4)),
    async run(on) {
      await on.start()
      await on.work(80)
      const filler = join(on.folder.path, "filler")
      fill(filler, on.folder.path)
      await on.until(async () => {
        await on.work(8)
        return (await call(on.url, "GET /v1/health")).status === 503
      })
      await on.expectStalled()
      // What takes rights away still works, in the room that is kept back for it.
      let revoked = 0
      for (const token of [...on.ledger.tokens.values()].slice(-100)) {
        const marker = `token ${token.jti}`
        if (on.ledger.operations.has(`revoke ${marker}`)) continue
        const json = { level: "token", target: token.jti }
        const answer = await on.ledger.attempt("revoke", marker, () =>
          call(on.url, "POST /v1/revoke", { bearer: on.admin, json }),
        )
        if (answer?.status === 200) {
          on.ledger.revoked.add(marker)
          revoked++
        } else on.problems.push(`a revocation on a full disk is answered with ${answer?.status}: ${answer?.text}`)
      }
      on.expect(revoked > 5, `only ${revoked} revocations were tried`)
      await on.expectStalled()
      rmSync(filler)
      await on.expectRecovery()
      await on.work(40)
      await on.expectNothingLost()
    },
  },
  {
    name: "start on a full disk",
    small: true,
    lacking: () => notRoot() ?? missing("mount") ?? noDisk(() => smallDisk(4)),
    async run(on) {
      await on.start()
      await on.work(80)
      await on.broker.end("SIGKILL")
      const filler = join(on.folder.path, "filler")
      fill(filler, on.folder.path)
      await on.start()
      const [token] = [...on.ledger.tokens.values()].filter(({ jti }) => !on.ledger.revoked.has(`token ${jti}`))
      const answer = await call(on.url, "POST /v1/revoke", {
        bearer: on.admin,
        json: { level: "token", target: token?.jti },
      })
      on.expect(answer.status === 200, `a revocation is answered with ${answer.status}`)
      rmSync(filler)
      await on.broker.end("SIGKILL")
    },
  },
  {
    name: "read-only file system",
    small: true,
    lacking: () => notRoot() ?? missing("mount") ?? noDisk(() => smallDisk(4)),
    async run(on) {
      await on.start()
      await on.work(40)
      await on.broker.end("SIGTERM")
      const parent = join(on.folder.path, "..")
      execFileSync("mount", ["-o", "remount,ro", parent])
      const { code, stderr } = await runBroker(on.folder.environment)
      execFileSync("mount", ["-o", "remount,rw", parent])
      on.expect(code === 1 && /writable/.test(stderr) && !/\n\s+at /.test(stderr), `start: ${code} ${stderr}`)
      await on.start()
      await on.expectNothingLost()
    },
  },
  ...(
    [
      ["fsync fails", "fsync,fdatasync", "EIO"],
      ["writes fail", "pwrite64", "EIO"],
    ] as const
  ).map(
    ([name, calls, error]): StorageFault => ({
      name,
      lacking: () => missing("strace"),
      async run(on) {
        await on.start()
        await on.work(60)
        await using _fault = await on.inject("-e", `trace=${calls}`, "-e", `inject=${calls}:error=${error}`)
        await on.work(16)
        await on.expectStalled()
        await on.expectEnd()
        await _fault[Symbol.asyncDispose]()
        await on.start()
        await on.expectNothingLost()
      },
    }),
  ),
  {
    name: "disk full by injection",
    lacking: () => missing("strace"),
    async run(on) {
      await on.start()
      await on.work(60)
      {
        await using _fault = await on.inject("-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC")
        await on.work(16)
        await on.expectStalled()
      }
      await on.expectRecovery()
      await on.expectNothingLost()
    },
  },
  {
    name: "file-size limit",
    lacking: () => missing("prlimit"),
    async run(on) {
      await on.start()
      await on.work(40)
      await on.broker.end("SIGTERM")
      const limit = statSync(data(on)).size + 200_000
      await on.start({}, ["prlimit", `--fsize=${Math.max(limit, 1_100_000)}`])
      await on.until(async () => {
        await on.work(40)
        return (await call(on.url, "GET /v1/health")).status === 503
      }, 20_000)
      await on.expectStalled()
      await on.expectEnd()
      await on.start()
      await on.expectNothingLost()
    },
  },
  {
    name: "descriptor limit",
    lacking: () => missing("prlimit"),
    async run(on) {
      await on.start({}, ["prlimit", "--nofile=96"])
      await on.work(40)
      const { hostname, port } = new URL(on.url)
      const sockets: Socket[] = []
      for (let count = 0; count < 200; count++)
        sockets.push(connect(Number(port), hostname).on("error", () => undefined))
      await new Promise((resolve) => setTimeout(resolve, 500))
      const { child } = on.broker
      on.expect(child.exitCode === null && child.signalCode === null, "the broker ended")
      for (const socket of sockets) socket.destroy()
      await on.expectRecovery()
      await on.work(40)
      await on.expectNothingLost()
    },
  },
  {
    name: "locked database",
    isBrief: true,
    async run(on) {
      await on.start()
      await on.work(40)
      const holder = new Sqlite(data(on))
      holder.exec("BEGIN IMMEDIATE")
      await on.expectStalledOnceTried()
      holder.exec("ROLLBACK")
      holder.close()
      await on.expectRecovery()
      await on.expectNothingLost()
    },
  },
  {
    name: "newer database",
    async run(on) {
      await on.start()
      await on.work(8)
      await on.broker.end("SIGTERM")
      const database = new Sqlite(data(on))
      database.exec("INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-future', '2099')")
      await on.expectRefusal(/newer version .*9999-future.*restore the backup/)
      database.exec("DELETE FROM kysely_migration WHERE name = '9999-future'")
      database.close()
      await on.start()
      await on.expectNothingLost()
    },
  },
  {
    name: "torn WAL",
    isBrief: true,
    async run(on, seed) {
      await on.start()
      await on.work(60)
      await on.broker.end("SIGKILL")
      // What a write that was cut off leaves behind the last commit.
      const wal = `${data(on)}-wal`
      const frame = readFileSync(wal).subarray(32, 32 + 4120)
      const torn = frame.subarray(0, new Random(seed).integer(1, frame.length - 1))
      writeFileSync(wal, torn, { flag: "a" })
      await on.start()
      await on.expectNothingLost()
    },
  },
  {
    name: "WAL cut before what was acknowledged",
    async run(on) {
      await on.start()
      await on.work(24)
      await on.broker.end("SIGTERM")
      await on.start()
      await on.work(24)
      await on.load.checkpoint()
      await on.broker.end("SIGKILL")
      truncateSync(`${data(on)}-wal`, 32)
      await on.expectRefusal(/put back to an older copy/)
    },
  },
  {
    name: "database deleted under the broker",
    isBrief: true,
    run: (on) => moved(on, [""]),
  },
  {
    name: "WAL deleted under the broker",
    run: (on) => moved(on, ["-wal"]),
  },
  ...[1, 2, 3, 4].map(
    (time): StorageFault => ({
      name: `flipped bytes (${time})`,
      async run(on, seed) {
        await on.start()
        await on.work(120)
        await on.broker.end("SIGTERM")
        const random = new Random(seed + time)
        // Whole pages, so that SQLite can tell: a single flipped bit in a record is told only by the trail.
        for (let flip = 0; flip < 6; flip++) flipBytes(data(on), random)
        await on.expectDamageTold()
      },
    }),
  ),
]

/** Writes a file until only some room is left, less than the ballast. */
function fill(filler: string, path: string): void {
  const { bavail, bsize } = statfsSync(path)
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 48 * 1024)))
}

async function moved(on: StorageCase, suffixes: readonly string[]): Promise<void> {
  await on.start()
  await on.work(40)
  await on.load.checkpoint()
  for (const suffix of suffixes) rmSync(data(on) + suffix)
  await on.work(8)
  await on.expectStalled()
  await on.expectEnd()
  on.expect(/deleted, moved or replaced/.test(on.broker.output().stderr), "the log does not say that a file is gone")
  await on.expectRefusal(/put back to an older copy|audit trail/)
}

function flipBytes(path: string, random: Random): void {
  const file = openSync(path, "r+")
  const pages = Math.floor(statSync(path).size / 4096)
  const at = random.integer(1, pages - 1) * 4096
  const page = Buffer.alloc(4096)
  readSync(file, page, 0, 4096, at)
  for (let byte = 0; byte < 64; byte++) page[random.integer(0, 4095)] = random.integer(0, 255)
  for (let byte = 0; byte < 16; byte++) page[byte] = random.integer(0, 255)
  writeSync(file, page, 0, 4096, at)
  closeSync(file)
}

/** Brings one of them about, and answers what was not as it must be. */
export async function failStorage(
  { name, small, run }: StorageFault,
  seed: number,
  environment: Record<string, string> = {},
): Promise<string[]> {
  try {
    using disk = small === true ? smallDisk(14) : undefined
    await using folder = await brokerFolder(disk?.path)
    const on = new StorageCase({ ...folder, environment: { ...folder.environment, ...environment } }, seed)
    await run(on, seed)
    return on.problems.map((problem) => `${name}: ${problem}`)
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.stack : String(error)}`]
  }
}

/** Storage that fails, in every way that can be brought about here. */
export const storageFaults: Scenario = {
  name: "storage",
  async run(stage) {
    const row = stage.report.row("storage")
    const { every } = stage.profile.storage
    const due = STORAGE_FAULTS.filter(({ isBrief }) => every || isBrief === true)
    await stage.eachOf(row, due, async (fault, seed) => {
      const lacking = fault.lacking?.()
      if (lacking === undefined) row.check(await failStorage(fault, seed), seed)
      else stage.report.skip(`storage: ${fault.name}`, lacking)
    })
  },
}
