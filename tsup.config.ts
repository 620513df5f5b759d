import { globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { defineConfig, type Options } from "tsup"

// Builds a published package; its build script runs this in its folder. What the manifest exports keeps its files; each
// program of its `bin` is bundled. `tsc` adds the declarations.

interface Manifest {
  readonly exports?: unknown
  readonly bin?: Readonly<Record<string, string>>
}

const manifest: Manifest = JSON.parse(readFileSync("package.json", "utf8"))

/**
 * A program is bundled for a fast start, except for its native packages, which load their binaries from their own
 * folders.
 */
const BUNDLED = /^(?!(better-sqlite3|bcrypt)$)/

/** The store starts its threads by file name, so a program that bundles the store needs these files beside it. */
const STORE_WORKERS = globSync("../../packages/store-sqlite/src/*-worker.ts")

/** Bundled CommonJS packages call `require` for Node's own modules, which an ES module has to define. */
const DEFINE_REQUIRE = `import { createRequire as createRequireHere } from "node:module"
const require = createRequireHere(import.meta.url)`

rmSync("dist", { recursive: true, force: true })
mkdirSync("dist")

const shared: Options = {
  format: "esm",
  target: "es2024",
  platform: "node",
  sourcemap: true,
  splitting: true,
  silent: true,
  removeNodeProtocol: false,
}

const programEntries = Object.values(manifest.bin ?? {}).map((file) =>
  file.replace(/^\.\/dist\/(.+)\.js$/, "src/$1.ts"),
)

/** A library keeps its files: a user's bundler leaves out what is unused by whole files (docs/decisions/0013). */
const library: Options = {
  ...shared,
  entry: entriesByOutput(globSync("src/**/*.ts").filter((file) => !programEntries.includes(file))),
  external: [/^#/],
  esbuildPlugins: [
    {
      name: "keep-files",
      setup: (build) =>
        build.onResolve({ filter: /^\.{1,2}\// }, ({ kind, path }) =>
          kind === "entry-point" ? undefined : { path: path.replace(/\.ts$/, ".js"), external: true },
        ),
    },
  ],
}
const programs: Options = {
  ...shared,
  entry: entriesByOutput([...programEntries, ...STORE_WORKERS]),
  noExternal: [BUNDLED],
  banner: { js: DEFINE_REQUIRE },
  esbuildOptions(options) {
    options.conditions = ["@agentwrit/source"]
  },
  esbuildPlugins: [
    {
      name: "third-party-licenses",
      setup: (build) =>
        build.onEnd(({ metafile }) => {
          if (metafile) writeFileSync("dist/THIRD-PARTY-LICENSES.txt", licensesOf(Object.keys(metafile.inputs)))
        }),
    },
  ],
}

export default defineConfig([
  ...(manifest.exports === undefined ? [] : [library]),
  ...(programEntries.length === 0 ? [] : [programs]),
])

/** Names each entry after its path below `src`, which is its path below `dist`. */
function entriesByOutput(files: readonly string[]): Record<string, string> {
  return Object.fromEntries(files.map((file) => [file.replace(/^.*\bsrc\//, "").replace(/\.ts$/, ""), file]))
}

/** The licence texts of the packages that bundled files come from. */
function licensesOf(files: readonly string[]): string {
  const folders = files.flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [])
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8").trim()
    return `${name} ${version} (${license})\n\n${text}\n`
  })
  return texts.join(`\n${"-".repeat(80)}\n\n`)
}
