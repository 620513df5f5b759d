import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { NODE, STRICT } from "./consumer.ts"
import { answersRegistry } from "./registry.ts"

const run = promisify(execFile)

const ADMIN_SECRET = "an admin secret that only this check knows"

/**
 * Goes a newcomer's way: installs the tarballs by the documents' own lines, starts the installed broker, registers an
 * app, and compiles and runs the README's first program in a project of its own.
 * @param folder an empty folder outside of this repository.
 * @param tarballs the folder with the tarballs.
 * @returns the steps that did not work; `undefined` when npm's registry does not answer, which has the dependencies.
 */
export async function installFaults(folder: string, tarballs: string): Promise<string[] | undefined> {
  if (!(await answersRegistry())) return undefined
  const project = join(folder, "project")
  const prefix = join(folder, "global")
  const environment = { PATH: `${join(prefix, "bin")}:${process.env["PATH"] ?? ""}`, HOME: folder }
  await mkdir(project, { recursive: true })
  let broker: ChildProcess | undefined
  try {
    for (const [page, cwd] of [
      ["docs/developer.md", project],
      ["docs/operator.md", folder],
    ] as const) {
      const lines = (await installLines(page)).replace("sudo ", "").replaceAll("~/agentwrit/tarballs", tarballs)
      await run("bash", ["-ec", lines], { cwd, env: { ...process.env, npm_config_prefix: prefix } })
    }
    await copyFile("examples/first-credential/main.ts", join(project, "main.ts"))
    const options = { ...STRICT, ...NODE, module: "nodenext", typeRoots: [resolve("node_modules/@types")] }
    await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: options }))
    await run("tsc", ["-p", project])

    broker = spawn(join(prefix, "bin", "agentwrit-broker"), {
      cwd: folder,
      env: { ...environment, AA_PORT: "0", AA_ADMIN_SECRET: ADMIN_SECRET },
    })
    const url = await listening(broker)
    const operator = { ...environment, AACTL_BROKER_URL: url, AACTL_ADMIN_SECRET: ADMIN_SECRET }
    const words = ["app", "register", "--name", "crm", "--scopes", "read:data:*", "--json"]
    const registered = JSON.parse((await run("awrit", words, { cwd: folder, env: operator })).stdout)
    const app = {
      ...environment,
      AGENTWRIT_BROKER_URL: url,
      AGENTWRIT_CLIENT_ID: registered.client_id,
      AGENTWRIT_CLIENT_SECRET: registered.client_secret,
    }
    const { stdout } = await run("node", ["main.ts"], { cwd: project, env: app })
    return /^spiffe:\S+\ntrue\nfalse\n$/.test(stdout) ? [] : [`the first program printed:\n${stdout}`]
  } catch (error) {
    const { message, stdout = "", stderr = "" } = error as Error & { stdout?: string; stderr?: string }
    return [`installed as the documents say: ${message}\n${stdout}${stderr}`]
  } finally {
    if (broker?.kill("SIGKILL") === true) await once(broker, "close")
  }
}

/** The lines of a document that make a project, where it needs one, and install tarballs. */
async function installLines(page: string): Promise<string> {
  const [lines] = /^(?:npm init .*\n)?.*npm install .*\.tgz/m.exec(await readFile(page, "utf8")) ?? []
  if (lines === undefined) throw new Error(`${page} does not install the tarballs`)
  return lines
}

/** The URL of a broker that has started. */
function listening(broker: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ""
    const hear = (chunk: unknown): void => {
      output += String(chunk)
      const address = /listening on (\S+)\n/.exec(output)?.[1]
      if (address !== undefined) resolve(`http://${address}`)
    }
    broker.stdout?.on("data", hear)
    broker.stderr?.on("data", hear)
    broker.once("error", reject).once("close", () => reject(new Error(`the broker ended:\n${output}`)))
  })
}
