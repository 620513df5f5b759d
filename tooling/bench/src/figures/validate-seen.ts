import { join } from "node:path"
import { startBroker } from "../broker.ts"
import type { Figure } from "../figure.ts"
import { asAnswered, startFloor } from "../floor/floor.ts"
import { IN_FLIGHT } from "../in-flight.ts"
import { rateRow, sideBySide } from "../side-by-side.ts"
import { newToken, readKey, validation } from "../tokens.ts"

/** Tokens that are asked about, in turn. */
const TOKENS = 1000

export const validateSeen: Figure = {
  name: "validate-seen",
  async measure(bench) {
    const folder = await bench.folder()
    await using broker = await startBroker(folder, bench)
    const key = readKey(join(folder, "signing.key"))
    const tokens = Array.from({ length: TOKENS }, () => newToken(key))
    const route = { method: "POST", path: "/v1/token/validate", json: { token: tokens[0] } } as const
    await using floor = await startFloor(folder, [await asAnswered(broker.url, route)], bench)
    const requests = tokens.map(validation)
    const outcome = await sideBySide(
      {
        measured: broker,
        floor,
        load: { inFlight: IN_FLIGHT, seconds: bench.profile.seconds, polls: true },
        kind: () => ({ kind: "repeated", options: { requests, status: 200 } }),
      },
      bench.profile,
    )
    return [rateRow("validate, token seen before", outcome, { ratioAtLeast: 0.85 })]
  },
}
