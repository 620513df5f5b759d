import { execFile } from "node:child_process"
import { mkdir, symlink, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { promisify } from "node:util"
import type { WorkspacePackage } from "./workspace.ts"

const run = promisify(execFile)

/** A package with the tarball that publishing would upload. */
export interface PackedPackage extends WorkspacePackage {
  readonly tarball: string
}

/** A strict consumer that skips no declaration file: what a package's types name must be there for whoever installs it. */
const COMPILER_OPTIONS = {
  module: "nodenext",
  target: "es2024",
  lib: ["es2024", "esnext.disposable"],
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
}

/**
 * Unpacks the tarballs beside what they depend on, imports each entry point, and type-checks the imports.
 * @returns what a user who installed them would run into.
 */
export async function consumerFaults(folder: string, packed: readonly PackedPackage[]): Promise<string[]> {
  const modules = join(folder, "node_modules")
  for (const shipped of packed) {
    const place = join(modules, shipped.manifest.name)
    await mkdir(place, { recursive: true })
    await run("tar", ["-xzf", shipped.tarball, "-C", place, "--strip-components=1"])
    await linkDependencies(shipped, modules)
  }
  await link(resolve("node_modules/@types/node"), join(modules, "@types/node"))

  const entries = packed.flatMap(({ manifest }) =>
    Object.keys(manifest.exports ?? {}).map((path) => join(manifest.name, path)),
  )
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: ["all.ts"] }),
  )
  await writeFile(
    join(folder, "all.ts"),
    entries.map((entry, index) => `export * as entry${index} from "${entry}"\n`).join(""),
  )
  const attempts = [attempt("tsc", ["-p", folder], folder), ...entries.map((entry) => imported(entry, folder))]
  return (await Promise.all(attempts)).flat()
}

/** What the package declares, peers too, is taken from where it finds it itself; our own packages come from the tarballs. */
async function linkDependencies({ folder, manifest }: WorkspacePackage, modules: string): Promise<void> {
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
    if (!name.startsWith("@agentwrit/")) await link(resolve(folder, "node_modules", name), join(modules, name))
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await symlink(target, path, "junction").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error
  })
}

function imported(entry: string, cwd: string): Promise<string[]> {
  return attempt("node", ["--input-type=module", "--eval", `await import(${JSON.stringify(entry)})`], cwd)
}

async function attempt(program: string, words: readonly string[], cwd: string): Promise<string[]> {
  try {
    await run(program, words, { cwd })
    return []
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return [`installed elsewhere, ${program} ${words.join(" ")}:\n${stdout}${stderr}`]
  }
}
