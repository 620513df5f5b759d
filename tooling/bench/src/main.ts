import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { cpus, release, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { profileSummary } from "./cpu-profile.ts"
import { type Bench, CannotMeasureError, type Figure, type Profile, type Row } from "./figure.ts"
import { figures } from "./figures.ts"
import { FULL, SHORT } from "./profiles.ts"
import { tableOf } from "./report.ts"

// npx pnpm@12 bench [name…] [--short] [--cpu-prof]: measures each figure beside its floor, prints a table and keeps it as JSON.

const { positionals: names, values } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    "cpu-prof": { type: "boolean", default: false },
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
  process.stdout.write(`\nkept in ${path}\n`)
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
      if (values["cpu-prof"]) process.stdout.write(profileSummary(profilesOf(figure)))
    } catch (error) {
      if (error instanceof CannotMeasureError) {
        process.stdout.write(`${figure.name}: not measured, ${error.message}\n`)
        continue
      }
      // The others are still worth their time.
      process.stderr.write(`${figure.name} failed: ${error instanceof Error ? error.stack : String(error)}\n`)
      process.exitCode = 1
    }
  }
  return results
}

function profilesOf({ name }: Figure): NonNullable<Bench["cpuProfiles"]> {
  const folder = join(values.out, "profiles", name)
  return { measured: join(folder, "broker"), floor: join(folder, "floor") }
}

function benchFor(figure: Figure, profile: Profile): Bench {
  return {
    profile,
    folder: () => mkdtemp(join(scratch, `${figure.name}-`)),
    ...(values["cpu-prof"] && { cpuProfiles: profilesOf(figure) }),
  }
}
