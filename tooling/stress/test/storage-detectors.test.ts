import Sqlite from "better-sqlite3"
import { describe, test } from "vitest"
import type { FaultName } from "../src/faults.ts"
import { withFault } from "../src/planted-fault.ts"
import { Report } from "../src/report.ts"
import { expectDenials, expectNothingLost } from "../src/storage-expectations.ts"
import { data, type StorageFault } from "../src/storage-fault.ts"
import { enterCase, failStorage, STORAGE_FAULTS } from "../src/storage-faults.ts"
import { expectDamageTold } from "../src/told-damage.ts"

const LONG = { timeout: 120_000 }

/** What must not come about is not waited for as long as what must. */
const PATIENCE = 2000

/** Damage that is certain to be of an event. */
const edited: StorageFault = {
  name: "an edited event",
  async run(on) {
    await on.begin(24)
    await on.broker.end("SIGTERM")
    const database = new Sqlite(data(on))
    database.exec("UPDATE events SET detail = detail || '.' WHERE seq = 3")
    database.close()
    await expectDamageTold(on)
  },
}

/** A case of storage that fails, what the broker does wrong then, and what tells of it. Faults that leave each other room share a broker. */
const DETECTORS: readonly (readonly [
  fault: string | StorageFault,
  planted: readonly FaultName[],
  seen: readonly RegExp[],
])[] = [
  [
    "locked database",
    [
      ...(["says that a stalled store is well", "stalls in silence"] as const),
      ...(["does not say when to try again", "denies only what it can write down"] as const),
    ],
    [
      /health does not say that it is degraded/,
      /no FAIL line of the store is logged/,
      /a 503 has no Retry-After/,
      /a bad token is answered with 503/,
      /a revoked token is answered with 503/,
    ],
  ],
  [
    "locked database",
    ["never tries again", "takes revoked tokens while it stalls"],
    [
      /health does not recover/,
      /issuance after the recovery is answered with 503/,
      /a revoked token is answered with 200: .*"valid":true/,
    ],
  ],
  ["WAL deleted under the broker", ["does not look where its files are"], [/issuance is answered with 201/]],
  [
    "WAL deleted under the broker",
    ["ends like a success", "does not say that a file is gone", "ignores the witness"],
    [
      /the broker ended with 0, not 70/,
      /the log does not say that a file is gone/,
      /a start that must be refused ends with SIGKILL/,
    ],
  ],
  ["WAL cut before what was acknowledged", ["ignores the witness"], [/must be refused ends with SIGKILL/]],
  ["disk that hangs", ["waits for a disk that hangs"], [/issuance is answered with (201|undefined)/]],
  [
    "full disk",
    ["keeps no room for revocations", "keeps no room for the operator"],
    [/a revocation is answered with 503/, /the operator's sign-in is answered with 503/],
  ],
  [
    "start on a full disk",
    ["acknowledges what a full disk did not take"],
    [/LOST: revoke token \S+ was acknowledged and is gone/],
  ],
  ["start on a disk without any room", ["issues in the room for revocations"], [/issuance is answered with 201/]],
  ["read-only file", ["leaves it to SQLite to say what is wrong"], [/a start that must be refused ends with 1: /]],
  [
    "file that turns read-only under the broker",
    ["takes an I/O error for one that passes"],
    [/the broker ended with null, not 70/],
  ],
  [
    "descriptor limit",
    ["forgets checkpoints that it could not keep"],
    [/a checkpoint is answered with 200/, /no FAIL line tells of the limit/],
  ],
  ["descriptor limit", ["takes few connections"], [/the limit of \d+ descriptors was not met/]],
  ["newer database", ["opens what a newer version wrote"], [/a start that must be refused ends with 1: /]],
  [
    "a flipped byte of the header",
    ["leaves it to SQLite to say what is wrong"],
    [/a start on a damaged file ends with: /],
  ],
  [
    edited,
    ["does not log what a verification finds", "runs into a bug over a broken trail"],
    [/no FAIL line tells of the damage/, /the log tells of a bug/, /was answered with 500/],
  ],
  [edited, ["verifies nothing behind its start"], [/evt-000003: hash does not match/]],
]

describe.concurrent("storage", () => {
  for (const [which, planted, seen] of DETECTORS) {
    const fault = typeof which === "string" ? named(which) : which
    const lacking = fault.lacking?.()
    if (lacking !== undefined) console.log(`not run: the detector of "${fault.name}", which ${lacking}`)
    const title = `sees a broker that ${planted.join(", ")}: ${fault.name}`
    test.skipIf(lacking !== undefined)(title, LONG, async ({ expect }) => {
      const { problems } = await failStorage(fault, 1, { environment: withFault(...planted), patience: PATIENCE })
      for (const sign of seen) expect(problems.join("\n")).toMatch(sign)
    })
  }

  test("counts what was lost", LONG, async ({ expect }) => {
    const report = new Report("short")
    const row = report.row("storage")
    enterCase(row, await failStorage(named("torn WAL"), 1, { environment: withFault("loses events") }), 1)
    expect(row.tally.lost).toBeGreaterThan(0)
    expect(row.tally.survived).toBeLessThan(row.tally.tried)
    expect(report.failures.join("\n")).toMatch(/LOST: launch_token \S+ was acknowledged and is gone[\s\S]*--seed 1/)
  })

  test("sees a case in which there was nothing to look at", LONG, async ({ expect }) => {
    const idle = await failStorage({ name: "idle", run: async () => undefined }, 1)
    expect(idle.problems).toEqual(["idle: nothing was looked at"])
    const unused: StorageFault = {
      name: "unused",
      async run(on) {
        await on.start()
        await expectDenials(on)
        await expectNothingLost(on)
      },
    }
    const { problems } = await failStorage(unused, 1)
    expect(problems).toContain("unused: there is no revoked token to ask about")
    expect(problems).toContain("unused: nothing was acknowledged")
  })
})

function named(name: string): StorageFault {
  const found = STORAGE_FAULTS.find((one) => one.name === name)
  if (found === undefined) throw new TypeError(name)
  return found
}
