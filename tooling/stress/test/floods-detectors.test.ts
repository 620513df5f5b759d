import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import { expect, test } from "vitest"
import type { FaultName } from "../src/faults.ts"
import { type Flooded, floodOf, head } from "../src/flood.ts"
import { flood, UNANSWERED } from "../src/flood-client.ts"
import { manyStreams } from "../src/flood-streams.ts"
import { oneSource } from "../src/flood-trail.ts"
import { floodBroker } from "../src/floods.ts"
import { withFault } from "../src/planted-fault.ts"
import { PROFILES, type Profile } from "../src/profile.ts"
import { Report } from "../src/report.ts"
import { Stage } from "../src/stage.ts"

const LONG = { timeout: 90_000 }

const FEW = { challenges: 20, ofOneSource: 300, badTokens: 20, keys: 20, streams: 20 }

function stageFor(report: Report, floods: Profile["floods"]): Stage {
  const short = PROFILES["short"]
  if (short === undefined) throw new TypeError("no such profile")
  const profile = { ...short, floods }
  return new Stage({ profile, report, seed: 1, replay: false, deadline: Number.POSITIVE_INFINITY })
}

/** What is found by `act` in a broker with these faults. */
async function found(faults: readonly FaultName[], act: (flooded: Flooded) => Promise<string[]>): Promise<string> {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, withFault(...faults))
  const report = new Report("short")
  const problems = await act({ broker, admin: await adminToken(broker.url), row: report.row("floods"), seed: 1 })
  return [...report.failures, ...problems].join("\n")
}

// Faults that leave each other room share a broker.

test("floods sees a trail without bound, and streams without bound that cost much", LONG, async () => {
  const report = new Report("short")
  await floodBroker(
    stageFor(report, { ...FEW, badTokens: 6000, streams: 1100 }),
    withFault("folds no denials", "bounds no streams", "keeps much for each stream"),
  )
  const failures = report.failures.join("\n")
  expect(failures).toMatch(/one source has 300 events, more than \d+\n/)
  expect(failures).toMatch(/the trail has \d+ events, more than \d+\n/)
  expect(failures).toMatch(/1100 streams are open, not 1024\n/)
  expect(failures).toMatch(/streams: memory grew by \d+ MiB\n/)
  expect(report.notRun).toEqual([])
})

test("floods sees strangers who cost memory, are hung up on, or meet a bug", LONG, async () => {
  const problems = await found(
    [
      ...(["remembers strangers", "hangs up on strangers", "refuses challenges in a flood"] as const),
      "has no place for streams and a bug",
    ],
    async (flooded) => {
      const next = () => head("GET /v1/challenge")
      await floodOf(flooded, { name: "challenges", count: 2000, next, statuses: [200] })
      return manyStreams(flooded, 600)
    },
  )
  expect(problems).toMatch(/challenges: memory grew by \d+ MiB\n/)
  expect(problems).toMatch(/challenges: \d+ requests were not answered\n/)
  expect(problems).toMatch(/challenges: \d+ requests were answered with 500\n/)
  expect(problems).toMatch(/\n60 streams are open, not 600\n/)
  expect(problems).toMatch(/\na stream is refused with 500\n/)
  expect(problems).toMatch(/\n\d+ streams are refused without Retry-After\n/)
  expect(problems).toMatch(/\n\d+ streams were not answered/)
})

test("floods sees who is not served or answered, and what is not counted or told", LONG, async () => {
  const problems = await found(
    [
      ...(["serves nobody beside a flood", "answers no challenge", "drops what it folds"] as const),
      "tells the feed of other revocations",
    ],
    async (flooded) => {
      const [unanswered, streams] = await Promise.all([
        flood(flooded.broker.url, 500, 8, () => head("GET /v1/challenge")),
        manyStreams(flooded, 100),
        oneSource(flooded, 300),
      ])
      // Eight connections, fifty requests ahead: then it gives up.
      expect([...unanswered]).toEqual([[UNANSWERED, 400]])
      return streams
    },
  )
  expect(problems).toMatch(/a client that is signed in: not served within 5000 ms\n/)
  expect(problems).toMatch(/of 300 denials of one source \d+ are told\n/)
  expect(problems).toMatch(/\n100 open streams did not tell of a revocation within 5000 ms$/)
})

test("floods counts a trail that was not tried", LONG, async () => {
  const report = new Report("short")
  await floodBroker(stageFor(report, FEW))
  expect(report.failures).toEqual([])
  expect(report.notRun).toEqual(["floods: the trail's bound, which this machine is too slow to exceed"])
})
