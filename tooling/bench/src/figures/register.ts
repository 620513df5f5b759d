import { adminToken, startBroker } from "../broker.ts"
import type { Bench, Figure } from "../figure.ts"
import { startFloor, type Work } from "../floor/floor.ts"
import { IN_FLIGHT } from "../in-flight.ts"
import { registrationFloor } from "../registering.ts"
import { latencyRow, type Outcome, rateRow, sideBySide } from "../side-by-side.ts"

export const register: Figure = {
  name: "register",
  async measure(bench) {
    const outcome = await registrations(bench, {
      inFlight: IN_FLIGHT,
      perSecond: 4000,
      work: ["import", "verify", "sign"],
    })
    return [rateRow("register, 64 in flight, durable", outcome, { ratioAtLeast: 0.65 })]
  },
}

export const registerAlone: Figure = {
  name: "register-alone",
  async measure(bench) {
    const outcome = await registrations(bench, { inFlight: 1, perSecond: 1000, work: ["verify", "sign", "commit"] })
    return [latencyRow("register, 1 in flight, durable", outcome, { ratioAtMost: 1.5 })]
  },
}

interface Registrations {
  readonly inFlight: number
  /** Launch tokens for each second of a run: more than any server here registers. */
  readonly perSecond: number
  /** What the floor does for each. */
  readonly work: readonly Work[]
}

async function registrations(bench: Bench, { inFlight, perSecond, work }: Registrations): Promise<Outcome> {
  const { seconds } = bench.profile
  const folder = await bench.folder()
  await using broker = await startBroker(folder, bench)
  await using floor = await startFloor(folder, await registrationFloor(broker.url, work), bench)
  const options = { adminToken: await adminToken(broker.url), count: perSecond * seconds }
  const kind = () => ({ kind: "registrations", options }) as const
  return await sideBySide({ measured: broker, floor, load: { inFlight, seconds }, kind }, bench.profile)
}
