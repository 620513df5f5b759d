import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { consumerFaults, type PackedPackage } from "./consumer.ts"
import { installedCommandFaults } from "./installed-command.ts"
import { lintFaults } from "./package-lint.ts"
import { publishedPackages, type WorkspacePackage } from "./workspace.ts"

// Development uses the source. This checks what a user installs: each packed tarball with its manifest and types, and
// all of them together in a folder outside of this repository.
const run = promisify(execFile)

const SHIPPED = /^(dist\/.*\.(js|js\.map|d\.ts)|dist\/THIRD-PARTY-LICENSES\.txt|README\.md|LICENSE|package\.json)$/

const packages = await publishedPackages()
const scratch = await mkdtemp(join(tmpdir(), "agentwrit-packed-"))
const faults: string[] = []
try {
  const packed: PackedPackage[] = []
  for (const shipped of packages) packed.push({ ...shipped, tarball: await pack(shipped) })
  for (const { folder, tarball } of packed) {
    faults.push(...(await lintFaults(tarball)).map((fault) => `${folder}: ${fault}`))
  }
  const consumer = join(scratch, "consumer")
  faults.push(...(await consumerFaults(consumer, packed)), ...(await installedCommandFaults(consumer)))
} finally {
  await rm(scratch, { recursive: true, force: true })
}
for (const fault of faults) process.stderr.write(`${fault}\n`)
process.exitCode = faults.length === 0 ? 0 : 1

/** Packs as publishing does, and checks the list of files. */
async function pack({ folder }: WorkspacePackage): Promise<string> {
  const { stdout } = await run("pnpm", ["pack", "--json", "--pack-destination", scratch], { cwd: folder })
  const { filename, files }: { filename: string; files: { path: string }[] } = JSON.parse(stdout)
  const shipped = files.map(({ path }) => path)
  for (const wanted of ["README.md", "LICENSE"])
    if (!shipped.includes(wanted)) faults.push(`${folder} ships no ${wanted}`)
  const strays = shipped.filter((path) => !SHIPPED.test(path))
  if (strays.length > 0) faults.push(`${folder} ships ${strays.join(", ")}`)
  return join(scratch, filename.split("/").at(-1) ?? "")
}
