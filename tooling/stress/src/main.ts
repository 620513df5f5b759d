import { parseArgs } from "node:util"
import { Random } from "@agentwrit/testing/random"
import { PROFILES } from "./profile.ts"
import { isGood, type Ran, reportText } from "./report.ts"
import { SCENARIOS } from "./scenarios.ts"
import { Stage, stackOf } from "./stage.ts"

const { values } = parseArgs({
  options: { profile: { type: "string", default: "short" }, only: { type: "string" }, seed: { type: "string" } },
})

const names = SCENARIOS.map(({ name }) => name)
const profile = PROFILES[values.profile]
const only = values.only?.split(",") ?? names
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed)
if (profile === undefined || !only.every((name) => names.includes(name)) || !Number.isSafeInteger(seed)) {
  process.stderr.write(
    `usage: stress [--profile ${Object.keys(PROFILES).join("|")}] [--only ${names.join(",")}] [--seed N]\n`,
  )
  process.exit(2)
}

process.stdout.write(`profile ${profile.name}, seed ${seed}\n`)
const isReplay = values.seed !== undefined && only.length === 1
const deadlineMs = performance.now() + profile.minutes * 60_000
const random = new Random(seed)
const ran: Ran[] = []
const lane = async (isPatient: boolean): Promise<void> => {
  for (const scenario of SCENARIOS) {
    if (!only.includes(scenario.name) || (scenario.isPatient === true) !== isPatient) continue
    const stage = new Stage(scenario.name, { profile, seed: isReplay ? seed : random.fork(), isReplay, deadlineMs })
    const began = performance.now()
    if (stage.isOver) stage.skip("the time was up")
    else await scenario.run(stage).catch((error: unknown) => stage.check([stackOf(error)], stage.seed()))
    const seconds = (performance.now() - began) / 1000
    ran.push({ stage, seconds })
    process.stdout.write(`${scenario.name} took ${seconds.toFixed(1)} s\n`)
  }
}
await Promise.all([lane(false), lane(true)])
process.stdout.write(`\n${reportText(ran)}\n`)
process.exitCode = isGood(ran) ? 0 : 1
