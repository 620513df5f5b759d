import { adminToken, startBroker } from "../broker.ts"
import type { Figure } from "../figure.ts"
import { startFloor } from "../floor/floor.ts"
import { IN_FLIGHT } from "../in-flight.ts"
import { likeJson, registrationFloor } from "../registering.ts"
import { rateRow, sideBySide } from "../side-by-side.ts"

export const renew: Figure = {
  name: "renew",
  async measure(bench) {
    const folder = await bench.folder()
    await using broker = await startBroker(folder, bench)
    const routes = await registrationFloor(broker.url, [])
    const { agent_id: _, ...renewed } = JSON.parse(routes.at(-1)?.answer.body ?? "")
    const renewal = await likeJson(broker.url, "/v1/token/renew", JSON.stringify(renewed))
    await using floor = await startFloor(folder, [...routes, { ...renewal, work: ["verify", "sign"] }], bench)
    const options = { adminToken: await adminToken(broker.url) }
    const outcome = await sideBySide(
      {
        measured: broker,
        floor,
        load: { inFlight: IN_FLIGHT, seconds: bench.profile.seconds },
        kind: () => ({ kind: "renewals", options }),
      },
      bench.profile,
    )
    return [rateRow("renew, 64 in flight, durable", outcome, { ratioAtLeast: 0.9 })]
  },
}
