import { execFile } from "node:child_process"
import { mkdir, symlink, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { promisify } from "node:util"
import type { PackedPackage } from "./pack.ts"
import type { WorkspacePackage } from "./workspace.ts"

const run = promisify(execFile)

/**
 * A strict consumer that checks declaration files too: every type that they name must be installed with the package.
 */
export const STRICT = {
  target: "es2024",
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
}

/** The platform of a consumer in Node. */
export const NODE = { lib: ["es2024", "esnext.disposable"], types: ["node"] }
const BROWSER = { lib: [...NODE.lib, "dom", "dom.iterable", "dom.asynciterable"], types: [] }

/** How consumers resolve what they import, and what their platform is. */
const CONSUMERS = [
  { name: "nodenext", options: { module: "nodenext", ...NODE }, takes: /./ },
  { name: "bundler", options: { module: "preserve", moduleResolution: "bundler", ...NODE }, takes: /./ },
  {
    name: "browser",
    options: { module: "preserve", moduleResolution: "bundler", ...BROWSER },
    takes: /^@agentwrit\/(core|audit|contract|sdk)(\/(verify|fetch|admin))?$/,
  },
]

/**
 * Unpacks the tarballs beside what they depend on, imports each entry point, and type-checks the imports as each kind
 * of consumer resolves them.
 * @returns the problems that a user would have.
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
  const attempts = entries.map((entry) => imported(entry, folder))
  for (const { name, options, takes } of CONSUMERS) {
    const files = [`${name}.ts`]
    const taken = entries.filter((entry) => takes.test(entry))
    const lines = taken.map((entry, index) => `export * as entry${index} from "${entry}"\n`)
    await writeFile(join(folder, `${name}.ts`), lines.join(""))
    const config = join(folder, `tsconfig.${name}.json`)
    await writeFile(config, JSON.stringify({ compilerOptions: { ...STRICT, ...options }, files }))
    attempts.push(attempt("tsc", ["-p", config], folder))
  }
  return (await Promise.all(attempts)).flat()
}

/** Links a package's dependencies and peers from its own folder, except our packages, which come from the tarballs. */
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
