import { brokerFolder } from "@agentwrit/testing/broker-process"
import { describe, expect, test } from "vitest"
import { crashRun } from "../src/crash-run.ts"
import { dieAtWrite } from "../src/death-at-write.ts"
import { WRITES } from "../src/every-write.ts"
import type { FaultName } from "../src/faults.ts"
import { untraceable } from "../src/needs.ts"
import { withFault } from "../src/planted-fault.ts"

// A detector that has never detected anything proves nothing: each is shown the fault that it is there for.

describe("what is held against the ledger after a crash", () => {
  // Faults that leave each other room share a broker.
  const brokers: Partial<Record<FaultName, RegExp | RegExp[]>>[] = [
    {
      "writes what nobody asked for": /UNEXPECTED: launch_token ghost is there .* never tried/,
      "repeats events": /UNEXPECTED: create_app \S+ was acknowledged .* is there [2-4] times/,
      "registers no apps": /HALF THERE: app-\S+ is in the trail and not listed/,
      "loses events": /LOST: launch_token \S+ was acknowledged and is gone/,
      // Not beside a broken chain: over that the broker signs nothing.
      "signs another tree": /root does not match/,
    },
    {
      "registers half": /HALF THERE: \S+ is in the trail and not listed/,
      "forgets revocations at a start": /revoked token \S+ of \S+ validates/,
      "tells the feed of other revocations": [
        /HALF THERE: \S+ \S+ is revoked and not in the feed/,
        /HALF THERE: \S+ \S+ is in the feed and not revoked/,
      ],
      "takes a launch token twice": /one launch token registered/,
      "takes a nonce twice": /one nonce registered/,
    },
    {
      "forgets launch tokens": /LOST: an unused launch token/,
      "breaks the chain": /evt-\d+: does not follow the event before it/,
    },
    {
      "registers agents as others": [
        /HALF THERE: spiffe\S+ is \{.*\}, and was registered as/,
        /HALF THERE: spiffe\S+ expires at \S+, which the trail does not say/,
      ],
      "forgets who was released": /HALF THERE: spiffe\S+ is (active|revoked), which the trail does not say/,
      "ends tokens at a start": /LOST: token \S+ of \S+ validates no more/,
      "forgets sign-ins": /LOST: sign_in \S+ was acknowledged and is gone/,
      "forgets at a start what was spent": [
        /UNEXPECTED: registration \S+ is answered with 200 again/,
        /UNEXPECTED: the launch token of \S+ is answered with 200 again/,
      ],
    },
    {
      "forgets secrets of apps": /LOST: the secret of app-\S+ is answered with 401/,
      "changes no apps": /HALF THERE: app-\S+ is active, .*, and was told to be/,
    },
    { "answers before it commits": /LOST: \S+ \S+ was acknowledged and is gone/ },
    { "ends by itself": /UNEXPECTED: the broker ended by itself/ },
  ]
  const named = brokers.map((faults) => [Object.keys(faults) as FaultName[], faults] as const)
  test.each(named)("sees a broker that %j", { timeout: 150_000 }, async (names, faults) => {
    const environment = withFault(...names)
    const signs = Object.values(faults).flat()
    const found: string[] = []
    // Chance decides what is tried: a rare step may need another history.
    for (let seed = 1; seed <= 6 && !signs.every((sign) => sign.test(found.join("\n"))); seed++) {
      await using folder = await brokerFolder()
      found.push(...(await crashRun({ seed, cycles: 2, folder, clients: 8, work: [60, 120], environment })).problems)
    }
    for (const sign of signs) expect(found.join("\n")).toMatch(sign)
  })
})

const noTracer = untraceable()
if (noTracer !== undefined) console.log(`not run: death at every write, which ${noTracer}`)

test.skipIf(noTracer !== undefined).each([
  ["migrates statement by statement", 18, 7, /LOST: the broker did not start[\s\S]*already exists/],
  ["commits changes apart from their events", 140, 8, /HALF THERE: spiffe\S+ is listed and not in the trail/],
  ["spends launch tokens apart from registrations", 140, 5, /HALF THERE: \S+ is refused, though what it brings/],
] as const)("death at every write sees a broker that %s", { timeout: 180_000 }, async (fault, first, stride, sign) => {
  const environment = withFault(fault)
  const found: string[] = []
  for (let nth = first; nth < first + 40 * stride && !sign.test(found.join("\n")); nth += stride)
    found.push(...(await dieAtWrite(WRITES, nth, environment)).problems)
  expect(found.join("\n")).toMatch(sign)
})
