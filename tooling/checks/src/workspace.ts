import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"

/** The fields of a package's manifest that the checks read. */
export interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** A package of the workspace; its folder is relative to the repository's root. */
export interface WorkspacePackage {
  readonly folder: string
  readonly manifest: Manifest
}

/** The packages that users install, and the apps. */
export async function publishedPackages(): Promise<WorkspacePackage[]> {
  const all = await Promise.all(["packages", "apps"].map(packagesIn))
  return all.flat().filter(({ manifest }) => manifest.private !== true)
}

async function packagesIn(parent: string): Promise<WorkspacePackage[]> {
  const folders = (await readdir(parent)).map((name) => join(parent, name))
  return Promise.all(
    folders.map(async (folder) => ({ folder, manifest: await readJson(join(folder, "package.json")) })),
  )
}

/** Reads a JSON file of this repository. Its shape is not checked. */
export async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, "utf8"))
}
