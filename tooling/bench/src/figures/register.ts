import { adminToken, startBroker } from "../broker.ts"
import type { Figure } from "../figure.ts"
import { startFloor } from "../floor/floor.ts"
import { IN_FLIGHT } from "../in-flight.ts"
import { registrationFloor } from "../registering.ts"
import { latencyRow, rateRow, sideBySide } from "../side-by-side.ts"

/** Launch tokens for each second of a run: more than any server here registers, with 64 requests in flight and with one. */
const PER_SECOND = 4000
const PER_SECOND_ALONE = 1000

export const register: Figure = {
  name: "register",
  async measure(bench) {
    const { seconds } = bench.profile
    const folder = await bench.folder()
    await using broker = await startBroker(folder, bench)
    await using floor = await startFloor(folder, await registrationFloor(broker.url, ["import", "verify", "sign"]))
    const options = { adminToken: await adminToken(broker.url), count: PER_SECOND * seconds }
    const outcome = await sideBySide(
      {
        measured: broker,
        floor,
        load: { inFlight: IN_FLIGHT, seconds },
        kind: () => ({ kind: "registrations", options }),
      },
      bench.profile,
    )
    return [rateRow("register, 64 in flight, durable", outcome, { ratioAtLeast: 0.65 })]
  },
}

export const registerAlone: Figure = {
  name: "register-alone",
  async measure(bench) {
    const { seconds } = bench.profile
    const folder = await bench.folder()
    await using broker = await startBroker(folder, bench)
    await using floor = await startFloor(folder, await registrationFloor(broker.url, ["verify", "sign", "commit"]))
    const options = { adminToken: await adminToken(broker.url), count: PER_SECOND_ALONE * seconds }
    const outcome = await sideBySide(
      { measured: broker, floor, load: { inFlight: 1, seconds }, kind: () => ({ kind: "registrations", options }) },
      bench.profile,
    )
    return [latencyRow("register, 1 in flight, durable", outcome, { ratioAtMost: 1.5 })]
  },
}
