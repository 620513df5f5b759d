import { join } from "node:path"
import { adminToken, startBroker } from "../broker.ts"
import { type Figure, IN_FLIGHT } from "../figure.ts"
import type { LoadJob } from "../load/job.ts"
import { LoadClient } from "../load/load-client.ts"
import { medianOf, sampleOf } from "../statistics.ts"
import { newToken, readKey, validation } from "../tokens.ts"

/** On the idle broker and on the busy one. */
const VALIDATIONS_PER_SECOND = 200

/** Launch tokens for each second: more than any broker here registers. */
const PER_SECOND = 4000

export const validateBeside: Figure = {
  name: "validate-beside",
  async measure(bench) {
    const { runs, warmUps } = bench.profile
    // The p99 of fewer validations would be a single one.
    const seconds = Math.max(bench.profile.seconds, bench.profile.name === "full" ? 2 : 0)
    const folder = await bench.folder()
    await using broker = await startBroker(folder, bench)
    await using validator = new LoadClient()
    await using registrar = new LoadClient()
    const key = readKey(join(folder, "signing.key"))
    const requests = Array.from({ length: 100 }, () => validation(newToken(key)))
    const server = { url: broker.url, pid: broker.pid, inFlight: IN_FLIGHT, seconds }
    const validations = {
      ...server,
      rate: VALIDATIONS_PER_SECOND,
      kind: "repeated",
      options: { requests, status: 200 },
    } as const
    const registrations = (rate?: number): LoadJob => {
      const count = Math.ceil((rate ?? PER_SECOND) * seconds)
      const options = { adminToken: token, count }
      return { ...server, ...(rate !== undefined && { rate }), kind: "registrations", options }
    }
    const token = await adminToken(broker.url)

    const saturated: number[] = []
    for (let run = 0; run <= Math.min(warmUps, 3); run++) saturated.push((await registrar.run(registrations())).rate)
    const half = medianOf(saturated.slice(1)) / 2
    const idle: number[] = []
    const beside: number[] = []
    for (let run = 0; run < runs; run++) {
      idle.push((await validator.run(validations)).latency.p99)
      let validated: ReturnType<LoadClient["run"]> | undefined
      await registrar.run(registrations(half), async () => {
        validated = validator.run(validations)
      })
      beside.push((await validated)?.latency.p99 ?? Number.NaN)
    }
    return [
      {
        what: `validate p99 beside ${Math.round(half)} registrations a second`,
        unit: "ms",
        measured: sampleOf(beside),
        floor: sampleOf(idle),
        ratio: medianOf(beside.map((p99, run) => p99 / (idle[run] ?? Number.NaN))),
        reach: [{ atMost: 10 }, { ratioAtMost: 3 }],
      },
    ]
  },
}
