import { existsSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { readJson } from "./workspace.ts"

// Checks that dependencies follow the layers of turbo.json, that the table of layers in CONTRIBUTING.md says the same,
// and that every path and link in the documents exists. `turbo boundaries` would also count dependencies of tests.

interface Rules {
  readonly boundaries: {
    readonly tags: Readonly<Record<string, { readonly dependencies: { readonly allow: string[] } }>>
  }
}

const DOCUMENTS = ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...(await markdownIn("docs"))]
const FOLDERS = /^(packages|apps|tooling|deploy|docs|docker|scripts|examples|\.github|\.ci)\/[\w./-]+$/

const faults = [...(await layerFaults()), ...(await Promise.all(DOCUMENTS.map(pathFaults))).flat()]
for (const fault of faults) process.stderr.write(`${fault}\n`)
process.exitCode = faults.length === 0 ? 0 : 1

/** Where the table of layers, turbo's rules and the packages' own tags disagree. */
async function layerFaults(): Promise<string[]> {
  const documented = await documentedLayers()
  const { tags } = (await readJson<Rules>("turbo.json")).boundaries
  const folders = (await Promise.all(["packages", "apps"].map(foldersIn))).flat()
  const found: string[] = []
  for (const folder of folders) {
    const layer = await layerOf(folder)
    const allowed = tags[layer]?.dependencies.allow
    const row = documented.get(folder)
    for (const dependency of await dependenciesOf(folder, folders)) {
      const below = await layerOf(dependency)
      if (allowed?.includes(below) === false)
        found.push(`${folder} depends on ${dependency}: turbo.json does not let ${layer} depend on ${below}`)
    }
    if (allowed === undefined)
      found.push(`${folder}/turbo.json names the layer "${layer}", which turbo.json does not define`)
    else if (row !== `${layer} may import ${allowed.join(", ")}`)
      found.push(
        `CONTRIBUTING.md: the row of ${folder} must say that ${layer} may import ${allowed.join(", ") || "nothing"}`,
      )
  }
  for (const folder of documented.keys())
    if (!folders.includes(folder)) found.push(`CONTRIBUTING.md has a row for ${folder}, which does not exist`)
  return found
}

async function layerOf(folder: string): Promise<string> {
  return (await readJson<{ tags: string[] }>(join(folder, "turbo.json"))).tags.join()
}

/** The folders of a package's runtime dependencies. */
async function dependenciesOf(folder: string, folders: readonly string[]): Promise<string[]> {
  const { dependencies = {} } = await readJson<{ dependencies?: Record<string, string> }>(join(folder, "package.json"))
  return folders.filter((other) => `@agentwrit/${basename(other)}` in dependencies)
}

/** The table's rows by folder. */
async function documentedLayers(): Promise<Map<string, string>> {
  const rows = new Map<string, string>()
  const table = /^\| `(\w+)` +\| `((?:packages|apps)\/[\w-]+)` +\| ([^|]*)\|/gm
  for (const [, layer, folder = "", allowed = ""] of (await readFile("CONTRIBUTING.md", "utf8")).matchAll(table))
    rows.set(folder, `${layer} may import ${[...allowed.matchAll(/`(\w+)`/g)].map(([, name]) => name).join(", ")}`)
  return rows
}

/** Paths of the repository that a document names and that do not exist. */
async function pathFaults(document: string): Promise<string[]> {
  const text = (await readFile(document, "utf8")).replaceAll(/^```.*?^```/gms, "")
  const named = [...text.matchAll(/`([^`\s]+)`/g)].flatMap(([, path = ""]) => (FOLDERS.test(path) ? [path] : []))
  const linked = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, path = ""]) =>
    join(dirname(document), path),
  )
  return [...named, ...linked]
    .filter((path) => !existsSync(path))
    .map((path) => `${document} names ${path}, which does not exist`)
}

async function markdownIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true })
  return names.filter((name) => name.endsWith(".md")).map((name) => join(folder, name))
}

async function foldersIn(parent: string): Promise<string[]> {
  return (await readdir(parent)).map((name) => join(parent, name))
}
