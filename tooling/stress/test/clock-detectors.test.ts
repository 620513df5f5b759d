import { expect, test } from "vitest"
import { LIBRARY, stepClock } from "../src/clock-steps.ts"
import type { FaultName } from "../src/faults.ts"
import { findLibrary } from "../src/needs.ts"
import { withFault } from "../src/planted-fault.ts"
import { Report } from "../src/report.ts"

const LONG = { timeout: 90_000 }
const HOUR = 3600

const library = findLibrary(LIBRARY)
if (library === undefined) console.log("not run: the detectors of stepped clocks, which need libfaketime")

// Faults that leave each other room share a broker.
const brokers: { faults: FaultName[]; steps: (number | "frozen")[]; patience?: number; seen: RegExp[] }[] = [
  {
    faults: ["forgets by the clock alone", "takes a launch token twice", "takes a nonce twice", "lists by the clock"],
    steps: [HOUR, 0],
    seen: [
      /clock at 0: the token superseded validates again/,
      /clock at 0: the spent launch token registers again/,
      /clock at 0: the spent nonce registers again/,
      /clock at 0: apps are not listed newest first/,
      /clock at 0: agents are not listed newest first/,
      /clock at 0: the feed does not have revocations as they were made/,
      /clock at 0: entry \d+ of the feed comes after/,
    ],
  },
  {
    faults: [
      ...(["runs no maintenance", "counts no skew", "checks tokens by the latest time"] as const),
      ...(["registers nobody after a step back", "lets what was ended pass"] as const),
    ],
    steps: [0, HOUR, -HOUR, 0],
    patience: 1000,
    seen: [
      /clock at 3600: no maintenance came/,
      /clock at -3600: no agent can be registered/,
      /clock at -3600: no skew is counted/,
      /clock at 0: a token that nothing ended does not validate/,
      ...[
        ...["released", "revoked by id", "of a revoked agent", "of a revoked task", "of a deregistered app"],
        ...["delegated by a revoked agent", "delegated and released"],
        ...["delegated in a revoked chain", "delegated further in a revoked chain"],
      ].map((what) => new RegExp(`clock at 0: the token ${what} validates again`)),
      /clock at 0: the launch token of a deregistered app registers/,
      /clock at 0: a deregistered app signs in/,
      /clock at 0: the token of a deregistered app issues/,
      /clock at 0: an agent of a deregistered app renews/,
      /clock at 0: an agent of a deregistered app delegates/,
      /clock at 0: an agent whose chain is revoked delegates/,
    ],
  },
]

test.skipIf(library === undefined).each(brokers)("clock sees a broker that $faults", LONG, async (broker) => {
  const report = new Report("short")
  const { faults, steps, patience, seen } = broker
  await stepClock({
    ...{ library: library ?? "", row: report.row("clock"), seed: 1 },
    ...{ environment: withFault(...faults), lives: [steps], ...(patience !== undefined && { patience }) },
  })
  for (const sign of seen) expect(report.failures.join("\n")).toMatch(sign)
})
