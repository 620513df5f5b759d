import { execFileSync } from "node:child_process"
import { rmSync, statfsSync, statSync, writeFileSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import { runBroker } from "@agentwrit/e2e/broker-process"
import { call } from "@agentwrit/e2e/client"
import Sqlite from "better-sqlite3"
import { noDisk, smallDisk } from "./disk.ts"
import { missing, notRoot } from "./needs.ts"
import { data, type StorageFault } from "./storage-fault.ts"

/** Storage that refuses to take or give what it should, and what a broker owes its clients then. */
export const FAILING_STORAGE: readonly StorageFault[] = [
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
      for (const token of on.ledger.tokens.slice(-100)) {
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
      const [token] = on.ledger.tokens.filter(({ jti }) => !on.ledger.revoked.has(`token ${jti}`))
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
  {
    name: "read-only file",
    lacking: () => notRoot() ?? missing("mount"),
    async run(on) {
      await on.start()
      await on.work(40)
      await on.broker.end("SIGTERM")
      // Root may write whatever the mode says; not so on a mount.
      execFileSync("mount", ["--bind", "-o", "ro", data(on), data(on)])
      try {
        const { code, stderr } = await runBroker(on.folder.environment)
        on.expect(code === 1 && /writ/.test(stderr) && !/\n\s+at /.test(stderr), `start: ${code} ${stderr}`)
      } finally {
        execFileSync("umount", [data(on)])
      }
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
    name: "disk that hangs",
    lacking: () => missing("strace"),
    async run(on) {
      await on.start()
      await on.work(60)
      let working: Promise<void>
      {
        const slow = "inject=fsync,fdatasync:delay_enter=12s"
        await using _fault = await on.inject("-e", "trace=fsync,fdatasync", "-e", slow)
        working = on.work(8)
        await on.expectStalledByItself()
      }
      await working
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
]

/** Writes a file until only some room is left, less than the ballast. */
function fill(filler: string, path: string): void {
  const { bavail, bsize } = statfsSync(path)
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 48 * 1024)))
}
