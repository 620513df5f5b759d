import { startBroker } from "../broker.ts"
import type { Figure } from "../figure.ts"
import { asAnswered, startFloor } from "../floor/floor.ts"
import { IN_FLIGHT } from "../in-flight.ts"
import { requestText } from "../load/connection.ts"
import { rateRow, sideBySide } from "../side-by-side.ts"

export const challenge: Figure = {
  name: "challenge",
  async measure(bench) {
    const folder = await bench.folder()
    const route = { method: "GET", path: "/v1/challenge" } as const
    await using broker = await startBroker(folder, bench)
    await using floor = await startFloor(folder, [await asAnswered(broker.url, route)], bench)
    const options = { requests: [requestText(route)], status: 200 }
    const outcome = await sideBySide(
      {
        measured: broker,
        floor,
        load: { inFlight: IN_FLIGHT, seconds: bench.profile.seconds, polls: true },
        kind: () => ({ kind: "repeated", options }),
      },
      bench.profile,
    )
    return [rateRow("challenge", outcome, { ratioAtLeast: 0.8 })]
  },
}
