import { parseArgs } from "node:util"
import { PROFILES } from "./profile.ts"
import { Random } from "./random.ts"
import { Report } from "./report.ts"
import { SCENARIOS } from "./scenarios.ts"
import { Stage } from "./stage.ts"

const { values } = parseArgs({
  options: {
    profile: { type: "string", default: "default" },
    only: { type: "string" },
    seed: { type: "string" },
    minutes: { type: "string" },
  },
})

const profile = PROFILES[values.profile]
const only = values.only?.split(",")
const unknown = only?.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name)) ?? []
if (profile === undefined || unknown.length > 0 || ![values.seed ?? 0, values.minutes ?? 1].every(isNumber)) {
  process.stderr.write(
    `usage: stress [--profile ${Object.keys(PROFILES).join("|")}] [--only ${SCENARIOS.map(({ name }) => name).join(",")}] [--seed N] [--minutes M]\n`,
  )
  process.exit(2)
}

const report = new Report(profile.name)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed)
process.stdout.write(`profile ${profile.name}, seed ${seed}\n`)
const replay = values.seed !== undefined && only?.length === 1
const deadline = performance.now() + Number(values.minutes ?? profile.minutes) * 60_000
const random = new Random(seed)
const due = SCENARIOS.filter(({ name }) => only === undefined || only.includes(name)).map((scenario) => ({
  scenario,
  stage: new Stage({ profile, report, seed: replay ? seed : random.fork(), replay, deadline }),
}))
await Promise.all([
  runAll(due.filter(({ scenario }) => !scenario.isPatient)),
  runAll(due.filter(({ scenario }) => scenario.isPatient)),
])
process.stdout.write(`\n${report.text()}\n`)
process.exitCode = report.isGood ? 0 : 1

async function runAll(scenarios: typeof due): Promise<void> {
  for (const { scenario, stage } of scenarios) {
    if (stage.isOver) {
      report.skip(scenario.name, "the time was up")
      continue
    }
    const began = performance.now()
    try {
      await scenario.run(stage)
    } catch (error) {
      const what = error instanceof Error ? error.stack : String(error)
      report.fail(`${scenario.name}: ${what}`, scenario.name, stage.drawn)
    }
    process.stdout.write(`${scenario.name} took ${((performance.now() - began) / 1000).toFixed(1)} s\n`)
  }
}

function isNumber(text: string | number): boolean {
  return text !== "" && Number.isFinite(Number(text))
}
