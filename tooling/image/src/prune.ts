import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join, relative } from "node:path"

// Run by the Dockerfile: takes out of a deployed tree what a running program never reads, and makes the entry points.
// usage: node tooling/image/src/prune.ts FOLDER ARCHITECTURE LIBC   (amd64 or arm64, as Docker names them; musl or glibc)

const [folder = "", architecture = "", libc = ""] = process.argv.slice(2)
const CPUS: Readonly<Record<string, string>> = { amd64: "x64", arm64: "arm64" }
const cpu = CPUS[architecture]
if (cpu === undefined || !["musl", "glibc"].includes(libc))
  throw new Error(`usage: prune.ts FOLDER amd64|arm64 musl|glibc, not ${process.argv.slice(2).join(" ")}`)

/** Types, maps, papers and build files; licences stay, as their terms ask. */
const NEVER_READ = /(\.([cm]?ts|map|md|gyp|gypi|h|c|cc|cpp|sh|yml|yaml)|^Makefile|^Dockerfile.*)$/i
const LICENCE = /licen[cs]e/i

/** Packages with binaries for many platforms, and beside them what they are made of. */
const NATIVE = ["better-sqlite3", "bcrypt"]
const SOURCES = ["deps", "src", "ISSUE_TEMPLATE.md"]

/** Folders of a package that are for those who work on it. */
const FOR_MAKERS = ["test", "tests", "example", "examples", "benchmark"]

/** Twins of modules, for programs that `require`; nothing in the image does where there is the module itself. */
const TWINS = "dist/cjs"

const kept: string[] = []
prune(folder)
if (kept.length !== NATIVE.length)
  throw new Error(
    `one ${libc} binary for ${architecture} was expected of each of ${NATIVE.join(", ")}, found: ${kept.join(", ")}`,
  )
makeEntryPoints()

function prune(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name)
    if (entry.name === "prebuilds") prunePlatforms(inner)
    else if (isForMakers(path, entry.name)) rmSync(inner, { recursive: true })
    else if (entry.isDirectory()) prune(inner)
    else if (entry.isFile() && NEVER_READ.test(entry.name) && !LICENCE.test(entry.name)) rmSync(inner)
  }
}

function isForMakers(path: string, name: string): boolean {
  if (NATIVE.includes(basename(path)) && SOURCES.includes(name)) return true
  if (FOR_MAKERS.includes(name)) return existsSync(join(path, "package.json"))
  const owner = dirname(path)
  return join(basename(path), name) === TWINS && manifest(owner).type === "module"
}

/** Keeps the binary of this platform: its path names the processor, and musl where it is for musl. */
function prunePlatforms(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const place = relative(path, file)
    const fits = new RegExp(`^linux(musl)?-${cpu}[./]`).test(place) && place.includes("musl") === (libc === "musl")
    if (fits) kept.push(place)
    else rmSync(file)
  }
}

interface Manifest {
  readonly type?: string
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
}

/** A file a program, that the kernel runs by its first line: an image so small has no `env` for Node to be found by. */
function makeEntryPoints(): void {
  const bin = join(folder, "bin")
  mkdirSync(bin)
  const { dependencies = {} } = manifest(folder)
  for (const owner of Object.keys(dependencies)) {
    const place = join(folder, "node_modules", owner)
    for (const [program, main] of Object.entries(manifest(place).bin ?? {})) {
      const path = join(bin, program.replace(/^agentwrit-/, ""))
      writeFileSync(path, `#!/usr/local/bin/node\nimport("./${relative(bin, join(place, main))}")\n`)
      chmodSync(path, 0o755)
    }
  }
}

function manifest(place: string): Manifest {
  return JSON.parse(readFileSync(join(place, "package.json"), "utf8"))
}
