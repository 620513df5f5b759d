import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
const run = promisify(execFile)

/** The user that the image runs as. */
export const IMAGE_USER = 1000

/** The instructions of the Dockerfile's last stage. */
export function dockerfile() {
  const text = readFileSync(join(ROOT, "docker/Dockerfile"), "utf8")
  const last = text.slice(text.lastIndexOf("\nFROM ")).replaceAll("\\\n", " ")
  const said = (instruction: string) => new RegExp(`^${instruction} (.*)$`, "m").exec(last)?.[1]?.trim() ?? ""
  const pairs = (instruction: string) =>
    Object.fromEntries([...said(instruction).matchAll(/([\w.]+)="?((?<=")[^"]*|\S*)"?/g)].map(([, k, v]) => [k, v]))
  return { text, said, environment: pairs("ENV"), labels: pairs("LABEL") }
}

/** The programs of the image. */
export type ImageProgram = "broker" | "healthcheck" | "awrit"

/** The files of the image. Programs are started from it as in a container. */
export interface ImageTree extends Disposable {
  /** The folder of the programs, without Node. */
  readonly app: string
  /** Starts a program as the image's user, on a read-only root, with only this environment. */
  start(program: ImageProgram, environment: Record<string, string>, words?: readonly string[]): ChildProcess
  /** Runs a program to its end. */
  end(
    program: ImageProgram,
    environment: Record<string, string>,
    words?: readonly string[],
  ): Promise<{ code: number; said: string }>
}

/**
 * The tree of a built image (`IMAGE_TREE`) in a chroot. Without one: the result of the Dockerfile's steps on this
 * repository, started in place.
 */
export async function imageTree(): Promise<ImageTree> {
  const built = process.env["IMAGE_TREE"]
  const folder = mkdtempSync(join(tmpdir(), "agentwrit-image-"))
  chmodSync(folder, 0o755)
  const command = built === undefined ? await deployed(folder) : chrooted(built)
  const start: ImageTree["start"] = (program, environment, words = []) => {
    const [file = "", ...first] = command(program)
    return spawn(file, [...first, ...words], { env: environment, cwd: "/", stdio: ["ignore", "pipe", "pipe"] })
  }
  return {
    app: join(built ?? folder, "app"),
    start,
    async end(program, environment, words) {
      const child = start(program, environment, words)
      let said = ""
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (said += text))
      const [code] = await once(child, "close")
      return { code, said }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const AS_USER = ["--reuid", String(IMAGE_USER), "--regid", String(IMAGE_USER), "--clear-groups", "--no-new-privs"]

type Command = (program: ImageProgram) => string[]

/** The Dockerfile's steps, without an engine: deploy, assemble. */
async function deployed(folder: string): Promise<Command> {
  const tree = join(folder, "app")
  // Offline: everything is installed here already.
  await run("pnpm", ["--filter", "@agentwrit/image", "deploy", "--offline", "--prod", tree], { cwd: ROOT })
  const architecture = process.arch === "x64" ? "amd64" : process.arch
  await run(process.execPath, [join(ROOT, "tooling/image/src/assemble.ts"), tree, architecture, "glibc"], { cwd: ROOT })
  // A copy that the image's user may run.
  const node = join(folder, "node")
  cpSync(process.execPath, node)
  return (program) => ["/usr/bin/setpriv", ...AS_USER, "--inh-caps=-all", node, join(tree, "bin", program)]
}

/** A new mount namespace with the image as a read-only root, and with /data and /tmp of this machine. */
function chrooted(tree: string): Command {
  const binds = ["proc", "tmp", "data"].map((name) => {
    mkdirSync(join(tree, name), { recursive: true })
    return `/bin/mount --rbind /${name === "data" ? "tmp" : name} ${tree}/${name}`
  })
  const script = [
    `/bin/mount --bind ${tree} ${tree}`,
    `/bin/mount -o remount,ro,bind ${tree}`,
    ...binds,
    `exec /usr/sbin/chroot --userspec=${IMAGE_USER}:${IMAGE_USER} --groups=${IMAGE_USER} ${tree} "$0" "$@"`,
  ].join(" && ")
  const place = (program: ImageProgram) => (program === "awrit" ? "/usr/local/bin/awrit" : `/${program}`)
  return (program) => ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", script, place(program)]
}
