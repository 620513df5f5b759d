import { execFile, execFileSync } from "node:child_process"
import { once } from "node:events"
import { accessSync, chownSync, mkdtempSync, readdirSync } from "node:fs"
import { rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

/** A throw-away PostgreSQL server, durable as one for brokers must be. */
export interface PostgresServer extends AsyncDisposable {
  /** Of a superuser, in the database `postgres`. */
  readonly url: string
  readonly port: number
  /** Stops it, as a crash does with `immediate`. */
  stop(mode?: "fast" | "immediate"): Promise<void>
  start(settings?: readonly string[]): Promise<void>
}

/** Where Debian's packages put the programs; elsewhere `pg_config` tells. */
function findPrograms(): string | undefined {
  try {
    const [newest] = readdirSync("/usr/lib/postgresql").sort((a, b) => Number(b) - Number(a))
    const folder = join("/usr/lib/postgresql", newest ?? "", "bin")
    accessSync(join(folder, "initdb"))
    return folder
  } catch {
    try {
      const folder = execFileSync("pg_config", ["--bindir"], { encoding: "utf8" }).trim()
      accessSync(join(folder, "initdb"))
      return folder
    } catch {
      return undefined
    }
  }
}

/** The server refuses to run as root, so it then runs as this user and group. */
const NOBODY = 65_534

/** Starts a server; `undefined` where PostgreSQL is not installed. */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer | undefined> {
  const programs = findPrograms()
  if (programs === undefined) return undefined
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  const folder = mkdtempSync(join(tmpdir(), "agentwrit-postgres-"))
  if ("uid" in user) chownSync(folder, NOBODY, NOBODY)
  const data = join(folder, "data")
  const run = promisify(execFile)
  await run(join(programs, "initdb"), ["-D", data, "-U", "agentwrit", "-A", "trust", "-E", "UTF8", "--no-sync"], {
    ...user,
    cwd: folder,
  })
  const port = await freePort()
  const server: PostgresServer = {
    url: `postgres://agentwrit@127.0.0.1:${port}/postgres`,
    port,

    async start(more = []) {
      const options = ["listen_addresses=127.0.0.1", `port=${port}`, `unix_socket_directories=${folder}`]
      const flags = [...options, ...settings, ...more].map((option) => `-c ${option}`).join(" ")
      const log = join(folder, "log")
      await run(join(programs, "pg_ctl"), ["start", "-w", "-D", data, "-l", log, "-o", flags], { ...user, cwd: folder })
    },

    async stop(mode = "fast") {
      await run(join(programs, "pg_ctl"), ["stop", "-w", "-D", data, "-m", mode], { ...user, cwd: folder }).catch(
        () => undefined,
      )
    },

    async [Symbol.asyncDispose]() {
      await server.stop("immediate")
      await rm(folder, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return typeof address === "object" && address !== null ? address.port : 0
}
