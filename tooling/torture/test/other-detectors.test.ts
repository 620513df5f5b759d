import { ADMIN_SECRET, brokerFolder, startBroker } from "@agentwrit/e2e/broker-process"
import { adminToken } from "@agentwrit/e2e/client"
import { describe, expect, test } from "vitest"
import { LIBRARY, stepClock } from "../src/clock-steps.ts"
import { floodOf, head } from "../src/flood.ts"
import { manyStreams } from "../src/flood-streams.ts"
import { findLibrary } from "../src/needs.ts"
import { withFault } from "../src/planted-fault.ts"
import type { Figures } from "../src/process-figures.ts"
import { PROFILES } from "../src/profile.ts"
import { abuseProtocol, answerProblems, turnedAway } from "../src/protocol-abuse.ts"
import { tryAbuse } from "../src/raw-sockets.ts"
import { Report } from "../src/report.ts"
import { Secrets } from "../src/secrets.ts"
import { growth } from "../src/soak.ts"
import { Stage } from "../src/stage.ts"
import { failStorage, STORAGE_FAULTS } from "../src/storage-faults.ts"
import { somePast, TAMPERINGS, tamper } from "../src/tampering.ts"
import { forgeTokens } from "../src/tokens.ts"

const LONG = { timeout: 90_000 }

function stageFor(report: Report): Stage {
  const profile = PROFILES["short"]
  if (profile === undefined) throw new TypeError("no such profile")
  return new Stage({ profile, report, seed: 1, replay: false, deadline: Number.POSITIVE_INFINITY })
}

describe("storage", () => {
  const fault = (name: string) => {
    const found = STORAGE_FAULTS.find((one) => one.name === name)
    if (found === undefined) throw new TypeError(name)
    return found
  }

  test("sees a broker that does not look where its files are", LONG, async () => {
    const environment = withFault("does not look where its files are")
    const problems = await failStorage(fault("WAL deleted under the broker"), 1, environment)
    expect(problems.join("\n")).toMatch(/issuance is answered with 201/)
  })

  const hanging = fault("disk that hangs")
  const untraced = hanging.lacking?.()
  if (untraced !== undefined) console.log(`not run: the detector of a disk that hangs, which ${untraced}`)
  test.skipIf(untraced !== undefined)("sees a broker that waits for a disk that hangs", LONG, async () => {
    const problems = await failStorage(hanging, 1, withFault("waits for a disk that hangs"))
    expect(problems.join("\n")).toMatch(/issuance is answered with 201/)
  })

  const full = fault("full disk")
  const lacking = full.lacking?.()
  if (lacking !== undefined) console.log(`not run: the detector of a full disk, which ${lacking}`)
  test.skipIf(lacking !== undefined)("sees a broker that keeps no room for revocations", LONG, async () => {
    const problems = await failStorage(full, 1, withFault("keeps no room for revocations"))
    expect(problems.join("\n")).toMatch(/a revocation on a full disk is answered with 503/)
  })
})

test("tampering sees a broker that verifies nothing behind its start", LONG, async () => {
  const [edited] = TAMPERINGS
  if (edited === undefined) throw new TypeError("no tampering")
  await using past = await somePast()
  const problems = await tamper(past, edited, withFault("verifies nothing behind its start"))
  expect(problems.join("\n")).toMatch(/the log does not tell of it/)
})

describe("protocol", () => {
  test("sees a broker that has a bug", LONG, async () => {
    const report = new Report("short")
    await abuseProtocol(stageFor(report), 600, withFault("has a bug"))
    expect(report.isGood).toBe(false)
    expect(report.failures.join("\n")).toMatch(/is answered with 500[\s\S]*the log tells of a bug/)
  })

  test("sees a stack trace, a secret, and an answer without an id", () => {
    const secrets = new Secrets()
    secrets.add("0123456789abcdef0123456789abcdef")
    const headers = "x-request-id"
    const problems = (text: string, status = 400, names = headers) =>
      answerProblems("GET /", { status, text, headers: names }, secrets).join()
    expect(problems("fine")).toBe("")
    expect(problems("Error: x\n    at run (file:///srv/dist/main.js:3:7)")).toMatch(/stack trace/)
    expect(problems('{"detail":"0123456789abcdef0123456789abcdef is wrong"}')).toMatch(/secret 01234567/)
    secrets.add(ADMIN_SECRET)
    expect(problems(`{"detail":"${ADMIN_SECRET} is wrong"}`)).toMatch(/secret an admin/)
    expect(problems("fine", 200, "date")).toMatch(/without X-Request-ID/)
    expect(problems("fine", 500)).toMatch(/is answered with 500/)
    expect(problems("fine", 503)).toBe("")
  })

  test("sees an operation that was always turned away", () => {
    expect(turnedAway(["GET /a", "POST /b"], new Set(["GET /a"]), 25_000)).toEqual(["no POST /b came to its end"])
  })
})

test("tokens sees a broker and a verifier that believe strangers", LONG, async () => {
  await using folder = await brokerFolder()
  const report = new Report("short")
  const verifier = { verify: async () => ({}) }
  await forgeTokens(folder, report.row("tokens"), 1, 10, withFault("believes strangers"), verifier)
  const found = report.failures.join("\n")
  for (const seen of [
    /signature: all zero: the broker's verdict is 200/,
    /signature: all zero: as a bearer token it is answered with 200/,
    /signature: all zero: the verifier's verdict is \[object Object\]/,
    /a chain of \d records by chance \(\w+\): the broker's verdict is 200/,
    /a key of small order \(\w+\) is answered with 200/,
  ])
    expect(found).toMatch(seen)
})

test("every failure tells how it is replayed", () => {
  const report = new Report("long")
  report.row("power-control", "power").fail("lost", 42)
  expect(report.text()).toContain("replay with: npx pnpm@12 torture --profile long --only power --seed 42")
})

test("sockets sees a broker that waits for slow headers", LONG, async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, withFault("waits for slow headers"))
  const half = { name: "half a head", pieces: () => ["GET / HTTP/1.1\r\n"], statuses: [408] }
  expect((await tryAbuse(broker, half, 8000)).join("\n")).toMatch(/still open after 8000 ms/)
  await using sound = await startBroker(folder, { AA_DB_PATH: `${folder.path}/other.db` })
  expect(await tryAbuse(sound, half, 8000)).toEqual([])
})

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

const library = findLibrary(LIBRARY)
if (library === undefined) console.log("not run: the detector of stepped clocks, which needs libfaketime")
test.skipIf(library === undefined)("clock sees a broker that forgets by the clock alone", LONG, async () => {
  const report = new Report("short")
  await stepClock(library ?? "", report.row("clock"), 1, withFault("forgets by the clock alone"), [0, 3600, 0])
  expect(report.failures.join("\n")).toMatch(/the token superseded validates again/)
})

test("soak sees what grows", () => {
  const samples = (memory: (at: number) => number) =>
    Array.from({ length: 30 }, (_, at): Figures => ({ memory: memory(at), handles: 40, wal: 4, delay: 20 }))
  expect(
    growth(
      samples((at) => 100 + 6 * at),
      "memory",
    ).problems,
  ).toHaveLength(1)
  expect(
    growth(
      samples((at) => (at < 10 ? 50 + 10 * at : 150)),
      "memory",
    ).problems,
  ).toEqual([])
})
