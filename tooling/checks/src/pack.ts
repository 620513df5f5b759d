import { execFile } from "node:child_process"
import { mkdir } from "node:fs/promises"
import { basename, join } from "node:path"
import { promisify } from "node:util"
import { publishedPackages, type WorkspacePackage } from "./workspace.ts"

const run = promisify(execFile)

/** A package with the tarball that publishing would upload. */
export interface PackedPackage extends WorkspacePackage {
  readonly tarball: string
  /** The paths of its files. */
  readonly files: readonly string[]
}

/** Packs the published packages, as publishing does, into a folder: all, or those of these names. */
export async function packAll(destination: string, names?: readonly string[]): Promise<PackedPackage[]> {
  await mkdir(destination, { recursive: true })
  const packed: PackedPackage[] = []
  for (const published of await publishedPackages())
    if (names?.includes(published.manifest.name) !== false) packed.push(await pack(published, destination))
  return packed
}

async function pack(published: WorkspacePackage, destination: string): Promise<PackedPackage> {
  const words = ["pack", "--json", "--pack-destination", destination]
  const { stdout } = await run("pnpm", words, { cwd: published.folder })
  const { filename, files }: { filename: string; files: { path: string }[] } = JSON.parse(stdout)
  return { ...published, tarball: join(destination, basename(filename)), files: files.map(({ path }) => path) }
}
