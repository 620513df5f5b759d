import { brokerFolder } from "@agentwrit/e2e/broker-process"
import { describe, expect, test } from "vitest"
import { crashRun } from "../src/crash-run.ts"
import { dieAtWrite, WRITES } from "../src/every-write.ts"
import type { FaultName } from "../src/faults.ts"
import { missing } from "../src/needs.ts"
import { withFault } from "../src/planted-fault.ts"

// A detector that has never detected anything proves nothing: each is shown the fault that it is there for.

describe("what is held against the ledger after a crash", () => {
  // Faults that leave each other room share a broker.
  const brokers: Partial<Record<FaultName, RegExp>>[] = [
    {
      "writes what nobody asked for": /UNEXPECTED: launch_token ghost is there .* never tried/,
      "repeats events": /UNEXPECTED: create_app \S+ was acknowledged .* is there [2-4] times/,
      "loses events": /LOST: launch_token \S+ was acknowledged and is gone/,
      // Not beside a broken chain: over that the broker signs nothing.
      "signs another tree": /root does not match/,
    },
    {
      "registers half": /HALF THERE: \S+ is in the trail and not listed/,
      "forgets revocations at a start": /revoked token \S+ of \S+ validates/,
      "tells the feed of other revocations": /HALF THERE: \S+ \S+ is revoked and not in the feed/,
      "takes a launch token twice": /one launch token registered/,
      "takes a nonce twice": /one nonce registered/,
    },
    {
      "forgets launch tokens": /LOST: an unused launch token/,
      "breaks the chain": /evt-\d+: does not follow the event before it/,
    },
  ]
  const named = brokers.map((faults) => [Object.keys(faults) as FaultName[], faults] as const)
  test.each(named)("sees a broker that %j", { timeout: 150_000 }, async (names, faults) => {
    const environment = withFault(...names)
    const signs = Object.values(faults)
    const found: string[] = []
    // Chance decides what is tried: a rare step may need another history.
    for (let seed = 1; seed <= 6 && !signs.every((sign) => sign.test(found.join("\n"))); seed++) {
      await using folder = await brokerFolder()
      found.push(...(await crashRun({ seed, cycles: 2, folder, clients: 8, work: [60, 120], environment })).problems)
    }
    for (const sign of signs) expect(found.join("\n")).toMatch(sign)
  })
})

const noTracer = missing("strace")
if (noTracer !== undefined) console.log(`not run: death at every write, which ${noTracer}`)

test.skipIf(noTracer !== undefined)(
  "death at every write sees migrations that stop half way",
  {
    timeout: 120_000,
  },
  async () => {
    const environment = withFault("migrates statement by statement")
    const found: string[] = []
    for (let nth = 18; nth < 80 && found.length === 0; nth += 7)
      found.push(...(await dieAtWrite(WRITES, nth, environment)).problems)
    expect(found.join("\n")).toMatch(/did not start[\s\S]*already exists/)
  },
)
