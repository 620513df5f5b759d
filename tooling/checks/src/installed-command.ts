import { execFile } from "node:child_process"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"

/** A command line, its exit code, and its output. */
interface Expected {
  readonly words: readonly string[]
  readonly code: number
  readonly says: RegExp
}

/** An export with an invalid event. */
const EXPORT =
  '{"id":"evt-000001","timestamp":"2026-03-29T00:00:00.000Z","event_type":"admin_auth","detail":"","outcome":"success","hash":"0"}\n'

/** Together they load every dependency: contract, SDK, audit, the store and its database, bcrypt, undici, yaml. */
const EXPECTED: readonly Expected[] = [
  { words: ["--version"], code: 0, says: /^awrit \d+\.\d+\.\d+\n$/ },
  { words: ["app", "--help"], code: 0, says: /^Commands:$/m },
  { words: ["app", "register", "--name", "Bad"], code: 2, says: /--name must be/ },
  {
    words: ["app", "list", "--broker-url", "http://127.0.0.1:1"],
    code: 1,
    says: /there is no admin secret|cannot be reached/,
  },
  { words: ["audit", "verify", "--file", "trail.ndjson"], code: 1, says: /audit trail broken at event 1/ },
  { words: ["audit", "verify", "--db", "trail.ndjson"], code: 1, says: /is not a database of the broker/ },
  { words: ["init", "--mode", "prod", "--config-path", "etc/config"], code: 0, says: /shown only once/ },
  { words: ["config", "show", "-o", "yaml"], code: 0, says: /^settings:$/m },
  { words: ["health", "--ca", "bad.pem"], code: 1, says: /cannot be used together/ },
]

/**
 * Runs the installed `awrit` in a folder outside of this repository.
 * @param installed the folder with its `node_modules`.
 * @returns the commands that did not work.
 */
export async function installedCommandFaults(installed: string): Promise<string[]> {
  const folder = join(installed, "awrit")
  await mkdir(folder)
  await writeFile(join(folder, "trail.ndjson"), EXPORT)
  await writeFile(join(folder, "bad.pem"), "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n")
  const main = join(installed, "node_modules", "@agentwrit", "awrit", "dist", "main.js")
  const faults = await Promise.all(EXPECTED.map((expected) => faultOf(main, expected, folder)))
  return faults.filter((fault) => fault !== undefined)
}

function faultOf(main: string, { code, says, words }: Expected, cwd: string): Promise<string | undefined> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: cwd }
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...words], { cwd, env }, (error, stdout, stderr) => {
      const ended = error === null ? 0 : Number(error.code)
      if (ended === code && says.test(stdout + stderr)) resolve(undefined)
      else resolve(`installed elsewhere, awrit ${words.join(" ")} ended with ${ended}:\n${stdout}${stderr}`)
    })
  })
}
