import { existsSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { readJson } from "./workspace.ts"

// The documents name folders, files and layers. This holds them to what is there: the table of layers in CONTRIBUTING.md to
// turbo's rules, paths in backticks and links to the files.

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
  const told = await toldLayers()
  const { tags } = (await readJson<Rules>("turbo.json")).boundaries
  const folders = (await Promise.all(["packages", "apps"].map(foldersIn))).flat()
  const found: string[] = []
  for (const folder of folders) {
    const layer = (await readJson<{ tags: string[] }>(join(folder, "turbo.json"))).tags.join()
    const allowed = tags[layer]?.dependencies.allow
    const row = told.get(folder)
    if (allowed === undefined)
      found.push(`${folder}/turbo.json names the layer "${layer}", which turbo.json does not bound`)
    else if (row !== `${layer} may import ${allowed.join(", ")}`)
      found.push(
        `CONTRIBUTING.md: the row of ${folder} must say that ${layer} may import ${allowed.join(", ") || "nothing"}`,
      )
  }
  for (const folder of told.keys())
    if (!folders.includes(folder)) found.push(`CONTRIBUTING.md has a row for ${folder}, which is gone`)
  return found
}

/** The table's rows by folder. */
async function toldLayers(): Promise<Map<string, string>> {
  const rows = new Map<string, string>()
  const table = /^\| `(\w+)` +\| `((?:packages|apps)\/[\w-]+)` +\| ([^|]*)\|/gm
  for (const [, layer, folder = "", allowed = ""] of (await readFile("CONTRIBUTING.md", "utf8")).matchAll(table))
    rows.set(folder, `${layer} may import ${[...allowed.matchAll(/`(\w+)`/g)].map(([, name]) => name).join(", ")}`)
  return rows
}

/** Paths of the repository that a document names, and that are not there. */
async function pathFaults(document: string): Promise<string[]> {
  const text = (await readFile(document, "utf8")).replaceAll(/^```.*?^```/gms, "")
  const named = [...text.matchAll(/`([^`\s]+)`/g)].flatMap(([, path = ""]) => (FOLDERS.test(path) ? [path] : []))
  const linked = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, path = ""]) =>
    join(dirname(document), path),
  )
  return [...named, ...linked]
    .filter((path) => !existsSync(path))
    .map((path) => `${document} names ${path}, which is not there`)
}

async function markdownIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true })
  return names.filter((name) => name.endsWith(".md")).map((name) => join(folder, name))
}

async function foldersIn(parent: string): Promise<string[]> {
  return (await readdir(parent)).map((name) => join(parent, name))
}
