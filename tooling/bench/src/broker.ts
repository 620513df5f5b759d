import { spawn } from "node:child_process"
import { once } from "node:events"
import { openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { type Bench, profilingFlags } from "./figure.ts"

const MAIN = fileURLToPath(new URL("../../../apps/broker/dist/main.js", import.meta.url))

const ADMIN_SECRET = "an admin secret for the bench"

/** A broker process with default settings, whose log goes to a file. */
export interface MeasuredBroker extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  /** From the start of the process to its first 200. */
  readonly firstAnswerMs: number
}

/** Starts the built broker on the files of a folder and waits for its first answer. */
export async function startBroker(
  folder: string,
  { cpuProfiles, keys = 1 }: Partial<Pick<Bench, "cpuProfiles" | "keys">> = {},
): Promise<MeasuredBroker> {
  const logPath = join(folder, "broker.log")
  const log = openSync(logPath, "w")
  const began = performance.now()
  const child = spawn(process.execPath, [...profilingFlags(cpuProfiles?.measured), MAIN], {
    env: {
      AA_ADMIN_SECRET: ADMIN_SECRET,
      AA_ADMIN_TOKEN_TTL: "86400",
      AA_PORT: "0",
      AA_TRUSTED_PROXIES: "127.0.0.1/32",
      AA_DB_PATH: join(folder, "data.db"),
      AA_SIGNING_KEY_PATH: join(folder, "signing.key"),
      HOME: folder,
    },
    stdio: ["ignore", log, "inherit"],
  })
  const url = await listening(logPath, () => child.exitCode !== null)
  await (await fetch(`${url}/v1/challenge`)).text()
  const firstAnswerMs = performance.now() - began
  for (let key = 1; key < keys; key++)
    await post(url, "/v1/admin/keys/rotate", { signs_in: 0, force: true }, await adminToken(url))
  return {
    url,
    pid: child.pid ?? 0,
    firstAnswerMs,
    async [Symbol.asyncDispose]() {
      const exit = once(child, "exit")
      child.kill("SIGTERM")
      await exit
    },
  }
}

async function listening(logPath: string, ended: () => boolean): Promise<string> {
  for (;;) {
    const text = readFileSync(logPath, "utf8")
    const found = /listening on (\S+)\n/.exec(text)?.[1]
    if (found !== undefined) return `http://${found}`
    if (ended()) throw new Error(`the broker ended:\n${text}`)
    await pause(2)
  }
}

/** A token of the operator that outlives every measurement. */
export async function adminToken(url: string): Promise<string> {
  const json = await post(url, "/v1/admin/auth", { secret: ADMIN_SECRET })
  return String(json["access_token"])
}

/** A request that must succeed. */
export async function post(
  url: string,
  path: string,
  json: Record<string, unknown>,
  bearer?: string,
): Promise<Record<string, unknown>> {
  const headers = { ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) }
  const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(json) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Record<string, unknown>
}
