import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { ADMIN_SECRET, type Ended } from "./broker-process.ts"

/** The built command line. */
export const AWRIT: string = fileURLToPath(new URL("../../../apps/awrit/dist/main.js", import.meta.url))

/** How {@link awrit} runs. */
export interface AwritOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** The content of stdin. Default: empty. */
  readonly input?: string
}

/** Runs the command line to its end, without a terminal. */
export async function awrit(
  words: readonly string[],
  { cwd, env = {}, input = "" }: AwritOptions = {},
): Promise<Ended> {
  const { PATH = "" } = process.env
  const child = spawn(process.execPath, [AWRIT, ...words], {
    env: { PATH, HOME: "/nonexistent", ...env },
    stdio: "pipe",
    ...(cwd !== undefined && { cwd }),
  })
  const texts = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.stderr += text))
  // A command that does not read its input may end before it is written.
  child.stdin.on("error", () => undefined).end(input)
  const [code, signal] = await once(child, "close")
  return { code, signal, ...texts }
}

/** The environment in which an operator runs `awrit` for a broker. */
export const operator = (url: string): Record<string, string> => ({
  AACTL_BROKER_URL: url,
  AACTL_ADMIN_SECRET: ADMIN_SECRET,
})

/** A folder to put on the PATH, with `awrit` in it, as an installation does. */
export async function awritOnPath(folder: string): Promise<string> {
  const bin = join(folder, "bin")
  await mkdir(bin, { recursive: true })
  await writeFile(
    join(bin, "awrit"),
    `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ${JSON.stringify(AWRIT)} "$@"\n`,
    { mode: 0o755 },
  )
  return bin
}
