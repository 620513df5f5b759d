import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { consumerFaults } from "./consumer.ts"
import { installFaults } from "./install.ts"
import { installedCommandFaults } from "./installed-command.ts"
import { type PackedPackage, packAll } from "./pack.ts"
import { lintFaults } from "./package-lint.ts"

// Development uses the source. This checks what a user installs: each packed tarball with its manifest and types, all
// of them together in a folder outside of this repository, and a newcomer's way with them.
const SHIPPED = /^(dist\/.*\.(js|js\.map|d\.ts)|dist\/THIRD-PARTY-LICENSES\.txt|README\.md|LICENSE|package\.json)$/

const scratch = await mkdtemp(join(tmpdir(), "agentwrit-packed-"))
const faults: string[] = []
let installed: string[] | undefined
try {
  const packed = await packAll(scratch)
  for (const shipped of packed) {
    faults.push(...fileFaults(shipped))
    faults.push(...(await lintFaults(shipped.tarball)).map((fault) => `${shipped.folder}: ${fault}`))
  }
  const consumer = join(scratch, "consumer")
  faults.push(...(await consumerFaults(consumer, packed)), ...(await installedCommandFaults(consumer)))
  installed = await installFaults(join(scratch, "newcomer"), scratch)
  faults.push(...(installed ?? []))
} finally {
  await rm(scratch, { recursive: true, force: true })
}
for (const fault of faults) process.stderr.write(`${fault}\n`)
if (installed === undefined)
  process.stdout.write("not run: the installation by npm, because its registry does not answer\n")
process.exitCode = faults.length === 0 ? 0 : 1

function fileFaults({ folder, files }: PackedPackage): string[] {
  const missing = ["README.md", "LICENSE"].filter((wanted) => !files.includes(wanted))
  const strays = files.filter((path) => !SHIPPED.test(path))
  return [...missing.map((file) => `${folder} ships no ${file}`), ...strays.map((file) => `${folder} ships ${file}`)]
}
