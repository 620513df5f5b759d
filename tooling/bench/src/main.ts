import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { cpus, release, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { type Bench, CannotMeasureError, type Figure, FULL, type Profile, type Row, SHORT } from "./figure.ts"
import { figures } from "./figures.ts"
import { tableOf } from "./report.ts"

// npx pnpm@12 bench [name…] [--short] [--keys N] [--cpu-prof]: measures figures beside their floors, prints a table and
// writes it as JSON. `--keys` gives the broker's ring so many keys. `--cpu-prof` also writes CPU profiles, which the
// developer tools of Chromium open.

const { positionals: names, values } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    "cpu-prof": { type: "boolean", default: false },
    keys: { type: "string", default: "1" },
    out: { type: "string", default: ".bench" },
  },
})
const unknown = names.filter((name) => !figures.some((figure) => figure.name === name))
if (unknown.length > 0) {
  const known = figures.map(({ name }) => name).join(", ")
  process.stderr.write(`there is no figure ${unknown.join(", ")}; there are ${known}\n`)
  process.exit(2)
}

await mkdir(values.out, { recursive: true })
const scratch = await mkdtemp(join(tmpdir(), "agentwrit-bench-"))
try {
  const asked = figures.filter(({ name }) => names.length === 0 || names.includes(name))
  const profile = values.short ? SHORT : FULL
  const results = await measureAll(asked, profile)
  process.stdout.write(`\n${tableOf(results.flatMap(({ rows }) => rows))}`)
  const json = { profile, node: process.version, kernel: release(), cores: cpus().map(({ model }) => model), results }
  const path = join(values.out, "results.json")
  await writeFile(path, `${JSON.stringify(json, undefined, 2)}\n`)
  process.stdout.write(`\nwritten to ${path}\n`)
} finally {
  await rm(scratch, { recursive: true, force: true })
}

async function measureAll(asked: readonly Figure[], profile: Profile) {
  const results: { name: string; rows: readonly Row[] }[] = []
  for (const figure of asked) {
    const began = performance.now()
    try {
      const rows = await figure.measure(benchFor(figure, profile))
      results.push({ name: figure.name, rows })
      process.stdout.write(`${figure.name}: ${((performance.now() - began) / 1000).toFixed(0)} s\n`)
    } catch (error) {
      if (error instanceof CannotMeasureError) {
        process.stdout.write(`${figure.name}: not measured, ${error.message}\n`)
        continue
      }
      process.stderr.write(`${figure.name} failed: ${error instanceof Error ? error.stack : String(error)}\n`)
      process.exitCode = 1
    }
  }
  return results
}

function benchFor({ name }: Figure, profile: Profile): Bench {
  const profiles = join(values.out, "profiles", name)
  return {
    profile,
    keys: Number(values.keys),
    folder: () => mkdtemp(join(scratch, `${name}-`)),
    ...(values["cpu-prof"] && { cpuProfiles: { measured: join(profiles, "broker"), floor: join(profiles, "floor") } }),
  }
}
