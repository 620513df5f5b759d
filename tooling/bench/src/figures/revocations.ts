import { cp, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { startBroker } from "../broker.ts"
import type { Figure } from "../figure.ts"
import { IN_FLIGHT } from "../in-flight.ts"
import { makeRevocations } from "../revoked.ts"
import { rateRow, sideBySide } from "../side-by-side.ts"
import { startRows } from "../starts.ts"
import { newToken, readKey, validation } from "../tokens.ts"

/** Tokens that are asked about, in turn. */
const TOKENS = 1000

export const revocations: Figure = {
  name: "revocations",
  async measure(bench) {
    const { profile } = bench
    const folder = await bench.folder()
    const none = join(folder, "none")
    const many = join(folder, "many")
    await mkdir(none)
    await (await startBroker(none))[Symbol.asyncDispose]()
    await cp(none, many, { recursive: true })
    await makeRevocations(join(many, "data.db"), profile.revocations)
    const of = `${profile.revocations.toLocaleString("en")} revocations`
    const starts = await startRows(bench, { measured: many, floor: none }, of, {
      start: [{ onTopAtMost: 2000 }],
      memory: [{ onTopAtMost: 100 }],
    })

    await using withNone = await startBroker(none)
    await using withMany = await startBroker(many)
    const key = readKey(join(none, "signing.key"))
    const requests = Array.from({ length: TOKENS }, () => validation(newToken(key)))
    const outcome = await sideBySide(
      {
        measured: withMany,
        floor: withNone,
        load: { inFlight: IN_FLIGHT, seconds: profile.seconds, polls: true },
        kind: () => ({ kind: "repeated", options: { requests, status: 200 } }),
      },
      profile,
    )
    return [rateRow(`validate, token seen before, ${of}`, outcome, { ratioAtLeast: 0.9 }), ...starts]
  },
}
