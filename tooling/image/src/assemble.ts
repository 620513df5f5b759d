import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join, relative } from "node:path"

// Run by the Dockerfile: makes the tree that the image holds. FOLDER has the deployed native packages; this removes
// what a running program never reads, adds the bundled programs, and makes their entry points. usage: node
// tooling/image/src/assemble.ts FOLDER ARCHITECTURE LIBC   (amd64 or arm64, as Docker names them; musl or glibc)

const [folder = "", architecture = "", libc = ""] = process.argv.slice(2)
const CPUS: Readonly<Record<string, string>> = { amd64: "x64", arm64: "arm64" }
const cpu = CPUS[architecture]
if (cpu === undefined || !["musl", "glibc"].includes(libc))
  throw new Error(`usage: assemble.ts FOLDER amd64|arm64 musl|glibc, not ${process.argv.slice(2).join(" ")}`)

const APPS = ["broker", "awrit"]

/** Types, source maps, documents and build files. Licences stay, because their terms require it. */
const NEVER_READ = /(\.([cm]?ts|map|md|gyp|gypi|h|c|cc|cpp|sh|yml|yaml)|^Makefile|^Dockerfile.*)$/i
const LICENCE = /licen[cs]e/i

/** Packages with binaries for many platforms, and the folders with their sources. */
const NATIVE_PACKAGES = ["better-sqlite3", "bcrypt"]
const SOURCES = ["deps", "src"]

for (const app of APPS) {
  cpSync(join("apps", app, "dist"), join(folder, app, "dist"), { recursive: true })
  cpSync(join("apps", app, "package.json"), join(folder, app, "package.json"))
}
const binaries: string[] = []
prune(folder)
if (binaries.length !== NATIVE_PACKAGES.length)
  throw new Error(
    `expected one ${libc} binary for ${architecture} of each of ${NATIVE_PACKAGES.join(", ")}, found: ${binaries.join(", ")}`,
  )
makeEntryPoints()

function prune(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name)
    if (entry.name === "prebuilds") prunePlatforms(inner)
    else if (NATIVE_PACKAGES.includes(basename(path)) && SOURCES.includes(entry.name))
      rmSync(inner, { recursive: true })
    else if (entry.isDirectory()) prune(inner)
    else if (entry.isFile() && NEVER_READ.test(entry.name) && !LICENCE.test(entry.name)) rmSync(inner)
  }
}

/** Keeps the binary of this platform. Its path names the processor, and `musl` if it is for musl. */
function prunePlatforms(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const place = relative(path, file)
    const fits = new RegExp(`^linux(musl)?-${cpu}[./]`).test(place) && place.includes("musl") === (libc === "musl")
    if (fits) binaries.push(place)
    else rmSync(file)
  }
}

/** One file a program, which the kernel runs by its first line: the image has no `env` to find Node. */
function makeEntryPoints(): void {
  const bin = join(folder, "bin")
  mkdirSync(bin)
  for (const app of APPS) {
    const programs: Readonly<Record<string, string>> = JSON.parse(
      readFileSync(join(folder, app, "package.json"), "utf8"),
    ).bin
    for (const [program, main] of Object.entries(programs)) {
      const path = join(bin, program.replace(/^agentwrit-/, ""))
      writeFileSync(path, `#!/usr/local/bin/node\nimport(${JSON.stringify(`../${join(app, main)}`)})\n`)
      chmodSync(path, 0o755)
    }
  }
}
