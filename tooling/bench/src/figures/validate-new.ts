import { join } from "node:path"
import { startBroker } from "../broker.ts"
import type { Figure } from "../figure.ts"
import { asAnswered, startFloor } from "../floor/floor.ts"
import { IN_FLIGHT } from "../in-flight.ts"
import { rateRow, sideBySide } from "../side-by-side.ts"
import { newToken, readKey, validation } from "../tokens.ts"

/** Tokens for each second of a run: more than any server here verifies. */
const PER_SECOND = 8000

export const validateNew: Figure = {
  name: "validate-new",
  async measure(bench) {
    const { seconds } = bench.profile
    const folder = await bench.folder()
    await using broker = await startBroker(folder, bench)
    const key = readKey(join(folder, "signing.key"))
    const route = { method: "POST", path: "/v1/token/validate", json: { token: newToken(key) } } as const
    await using floor = await startFloor(folder, [await asAnswered(broker.url, route, ["verify"])], bench)
    const newRequests = () => Array.from({ length: PER_SECOND * seconds }, () => validation(newToken(key)))
    const outcome = await sideBySide(
      {
        measured: broker,
        floor,
        load: { inFlight: IN_FLIGHT, seconds, polls: true },
        kind: () => ({ kind: "repeated", options: { requests: newRequests(), status: 200, once: true } }),
      },
      bench.profile,
    )
    return [rateRow("validate, every token new", outcome, { ratioAtLeast: 0.75 })]
  },
}
