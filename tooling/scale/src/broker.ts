import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const MAIN = fileURLToPath(new URL("../../../apps/broker/dist/main.js", import.meta.url))
const SECRET = "the secret of a measurement"

/** A broker on the database of a folder. */
export interface MeasuredBroker extends AsyncDisposable {
  readonly url: string
  /** Milliseconds from its start as a process to the first 200. */
  readonly firstAnswer: number
  /** Resident memory then, in MiB. */
  readonly memory: number
  readonly token: string
}

/** Starts the built broker and waits for its first answer. */
export async function startBroker(folder: string): Promise<MeasuredBroker> {
  const began = performance.now()
  const child = spawn(process.execPath, [MAIN], {
    env: {
      AA_ADMIN_SECRET: SECRET,
      AA_PORT: "0",
      AA_DB_PATH: join(folder, "data.db"),
      AA_SIGNING_KEY_PATH: join(folder, "signing.key"),
      AA_LOG_LEVEL: "quiet",
      AA_ADMIN_TOKEN_TTL: "3600",
      HOME: folder,
    },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const url = await new Promise<string>((resolve, reject) => {
    let text = ""
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      const found = /listening on (\S+)\n/.exec(text)?.[1]
      if (found !== undefined) resolve(`http://${found}`)
    })
    child.once("exit", (code) => reject(new Error(`the broker ended with ${code}`)))
  })
  await (await fetch(`${url}/v1/challenge`)).text()
  const firstAnswer = performance.now() - began
  const memory = residentMemory(child.pid ?? 0)
  const signIn = await fetch(`${url}/v1/admin/auth`, { method: "POST", body: JSON.stringify({ secret: SECRET }) })
  const { access_token: token } = (await signIn.json()) as { access_token: string }
  return {
    url,
    firstAnswer,
    memory,
    token,
    async [Symbol.asyncDispose]() {
      const exit = once(child, "exit")
      child.kill("SIGTERM")
      await exit
    },
  }
}

function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
  return Number(kilobytes) / 1024
}
