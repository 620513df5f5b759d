import { execFile } from "node:child_process"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

// Source is what development sees; this looks at what a user installs: each packed tarball, its manifest and its types.
const run = promisify(execFile)

const folders = (
  await Promise.all(
    ["packages", "apps"].map(async (parent) => (await readdir(parent)).map((name) => join(parent, name))),
  )
).flat()
const packed = await mkdtemp(join(tmpdir(), "agentwrit-packed-"))
const faults: string[] = []
try {
  for (const folder of folders) {
    const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"))
    if (manifest.private === true) continue
    await check(folder, "publint", ["--strict", "--pack", "pnpm"])
    const { stdout } = await run("pnpm", ["pack", "--json", "--pack-destination", packed], { cwd: folder })
    const { filename, files }: { filename: string; files: { path: string }[] } = JSON.parse(stdout)
    const shipped = files.map(({ path }) => path)
    for (const wanted of ["README.md", "LICENSE"])
      if (!shipped.includes(wanted)) faults.push(`${folder} ships no ${wanted}`)
    const strays = shipped.filter((path) => !/^(dist\/.*\.(js|d\.ts)|README\.md|LICENSE|package\.json)$/.test(path))
    if (strays.length > 0) faults.push(`${folder} ships ${strays.join(", ")}`)
    await check(folder, "attw", [join(packed, filename.split("/").at(-1) ?? ""), "--profile", "esm-only"])
  }
} finally {
  await rm(packed, { recursive: true, force: true })
}
for (const fault of faults) process.stderr.write(`${fault}\n`)
process.exitCode = faults.length === 0 ? 0 : 1

async function check(folder: string, program: string, words: readonly string[]): Promise<void> {
  const cwd = program === "publint" ? folder : "."
  await run(program, words, { cwd }).catch((error: { stdout: string; stderr: string }) => {
    faults.push(`${program} on ${folder}:\n${error.stdout}${error.stderr}`)
  })
}
