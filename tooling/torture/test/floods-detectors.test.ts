import { brokerFolder, startBroker } from "@agentwrit/e2e/broker-process"
import { adminToken } from "@agentwrit/e2e/client"
import { expect, test } from "vitest"
import { floodOf, head } from "../src/flood.ts"
import { manyStreams } from "../src/flood-streams.ts"
import { withFault } from "../src/planted-fault.ts"
import { Report } from "../src/report.ts"

const LONG = { timeout: 90_000 }

test.each([
  ["remembers strangers", /challenges: memory grew by/],
  ["hangs up on strangers", /challenges: \d+ requests were not answered/],
] as const)("floods sees a broker that %s", LONG, async (fault, seen) => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, withFault(fault))
  const report = new Report("short")
  const row = report.row("floods")
  const flooded = { broker, admin: await adminToken(broker.url), row, seed: 1 }
  await floodOf(flooded, "challenges", 2000, () => head("GET /v1/challenge"))
  expect(report.failures.join("\n")).toMatch(seen)
})

test("floods sees streams that do not tell of a revocation", LONG, async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, withFault("tells the feed of other revocations"))
  const flooded = { broker, admin: await adminToken(broker.url), row: new Report("short").row("floods"), seed: 1 }
  expect(await manyStreams(flooded, 100)).toEqual(["100 open streams did not tell of a revocation within 5000 ms"])
})
