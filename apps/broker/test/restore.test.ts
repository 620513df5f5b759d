import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { cp } from "node:fs/promises"
import { join } from "node:path"
import { type BrokerFolder, brokerFolder } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, launchToken, registration, trail } from "@agentwrit/testing/client"
import { feedVerifier } from "@agentwrit/testing/feed"
import { auditProblems, checkpointProblems } from "@agentwrit/testing/independent-audit"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { runBroker, startBroker } from "./start-in-process.ts"

const ERA = 2 ** 40
const DECLARED = { AA_DECLARE_RESTORE: "2026-11-25" }

const at = (folder: BrokerFolder, name: string) => join(folder.path, name)

/** Runs a broker for a while, and returns an auditor's checkpoint from the end. */
async function history(
  folder: BrokerFolder,
  during: (url: string, admin: string) => Promise<unknown> = async () => undefined,
): Promise<string> {
  await using broker = await startBroker(folder)
  const admin = await adminToken(broker.url)
  await agent(broker.url, admin)
  await during(broker.url, admin)
  const { text } = await call(broker.url, "GET /v1/audit/checkpoint", { bearer: admin })
  await broker.stop()
  return text
}

const backUp = (folder: BrokerFolder) => copyFileSync(at(folder, "data.db"), at(folder, "backup.db"))
const putBack = (folder: BrokerFolder) => copyFileSync(at(folder, "backup.db"), at(folder, "data.db"))
const sizeOf = (note: string) => Number(note.split("\n")[1])

const revoke = (target: string) => (url: string, admin: string) =>
  call(url, "POST /v1/revoke", { bearer: admin, json: { level: "task", target } })

// Made once, because brokers start slowly. Each test begins with a copy.
let made: BrokerFolder
let checkpoints: { readonly atBackup: string; readonly atLoss: string }
let forgotten: Awaited<ReturnType<typeof agent>>
beforeAll(async () => {
  made = await brokerFolder()
  const atBackup = await history(made, revoke("task-1"))
  backUp(made)
  const atLoss = await history(made, async (url, admin) => {
    await revoke("task-2")(url, admin)
    forgotten = await agent(url, admin)
  })
  putBack(made)
  checkpoints = { atBackup, atLoss }
})
afterAll(() => made[Symbol.asyncDispose]())

/**
 * Creates a folder whose database was put back to an older copy. Returns the checkpoints of the copy and of the loss.
 */
async function restoredFolder(folder: BrokerFolder) {
  await cp(made.path, folder.path, { recursive: true })
  return checkpoints
}

test("an undeclared restore stops the start; the message says how to declare it, and nothing is changed", async () => {
  await using folder = await brokerFolder()
  await restoredFolder(folder)
  const before = readdirSync(folder.path).sort()
  const { code, stderr } = await runBroker(folder.environment)
  expect([code, stderr]).toEqual([1, expect.stringMatching(/put back to an older copy.*AA_DECLARE_RESTORE/)])
  expect(readdirSync(folder.path).sort()).toEqual(before)
})

test("an agent that the copy does not contain cannot delegate, although its token is good", async () => {
  await using folder = await brokerFolder()
  await restoredFolder(folder)
  await using broker = await startBroker(folder, DECLARED)
  const known = await agent(broker.url, await adminToken(broker.url))
  const json = { delegate_to: known.agent_id, scope: ["read:data:7"] }
  const { status, body } = await call(broker.url, "POST /v1/delegate", { bearer: forgotten.access_token, json })
  expect([status, body.error_code]).toEqual([403, "forbidden"])
})

test("a declared restore continues under a new key and origin, and its first event names the last checkpoint", async () => {
  await using folder = await brokerFolder()
  const { atBackup, atLoss } = await restoredFolder(folder)
  copyFileSync(at(folder, "audit.pub"), at(folder, "pinned.pub"))
  await using broker = await startBroker(folder, DECLARED)
  const admin = await adminToken(broker.url)
  const events = await trail(broker.url, admin)
  expect(auditProblems(events)).toEqual([])

  const copied = sizeOf(atBackup)
  const restored = events[copied]
  const [origin, size, root] = atLoss.split("\n")
  expect(restored).toMatchObject({ event_type: "trail_restored", outcome: "success" })
  const verifierKey = readFileSync(at(folder, "audit.pub"), "utf8").trim()
  expect(restored?.["detail"]).toBe(
    `restore 2026-11-25 declared: the trail was put back to ${copied} events; ` +
      `the last known checkpoint has ${size} events, root ${root}, by ${origin}; ` +
      `from here on checkpoints are signed by ${verifierKey}`,
  )
  expect(verifierKey).toMatch(/^agentwrit\.local\/audit\/[0-9a-f]{16}\+/)

  const { text } = await call(broker.url, "GET /v1/audit/checkpoint", { bearer: admin })
  expect(checkpointProblems(text, events, at(folder, "audit.pub"))).toEqual([])
  // The auditors' older checkpoint still fits, the newer one does not.
  expect(checkpointProblems(atBackup, events, at(folder, "pinned.pub"))).toEqual([])
  expect(checkpointProblems(atLoss, events, at(folder, "pinned.pub"))).not.toEqual([])
  expect(readFileSync(at(folder, "audit.restores"), "utf8")).toContain(
    readFileSync(at(folder, "pinned.pub"), "utf8").trim(),
  )
  for (const name of readdirSync(folder.path).filter((name) => /^audit\..*(key|checkpoint|restores)$/.test(name)))
    expect([name, statSync(at(folder, name)).mode & 0o077]).toEqual([name, 0])
  expect(broker.output().stdout).toContain("restore declared")
})

describe("a declaration counts once", () => {
  test("left set, it is ignored at the next start, with a warning", async () => {
    await using folder = await brokerFolder()
    await restoredFolder(folder)
    await (await startBroker(folder, DECLARED)).stop()
    const key = readFileSync(at(folder, "audit.pub"), "utf8")
    await using again = await startBroker(folder, DECLARED)
    expect(again.output().stdout).toContain("AA_DECLARE_RESTORE=2026-11-25 was carried out before")
    const events = await trail(again.url, await adminToken(again.url))
    expect(events.filter(({ event_type }) => event_type === "trail_restored")).toHaveLength(1)
    expect(readFileSync(at(folder, "audit.pub"), "utf8")).toBe(key)
  })

  test("left set, it does not allow a second restore", async () => {
    await using folder = await brokerFolder()
    await restoredFolder(folder)
    await (await startBroker(folder, DECLARED)).stop()
    putBack(folder)
    const { code, stderr } = await runBroker({ ...folder.environment, ...DECLARED })
    expect([code, stderr]).toEqual([1, expect.stringContaining("put back to an older copy")])
  })

  test("another name declares another restore, also of a copy from before the first one", async () => {
    await using folder = await brokerFolder()
    await restoredFolder(folder)
    await (await startBroker(folder, DECLARED)).stop()
    const first = readFileSync(at(folder, "audit.pub"), "utf8").trim()
    putBack(folder)
    await using broker = await startBroker(folder, { AA_DECLARE_RESTORE: "again" })
    const events = await trail(broker.url, await adminToken(broker.url))
    const [restored] = events.filter(({ event_type }) => event_type === "trail_restored")
    expect(restored?.["detail"]).toContain(`by ${first.split("+")[0]};`)
    expect(readFileSync(at(folder, "audit.restores"), "utf8").split("\n")).toHaveLength(3)
  })

  test("a start that failed before recording it does not spend it", async () => {
    await using folder = await brokerFolder()
    await restoredFolder(folder)
    // The unusable address fails the start after the restore. Deleting the record makes it a crash before the record
    // was written.
    const { code } = await runBroker({ ...folder.environment, ...DECLARED, AA_BIND_ADDRESS: "203.0.113.1" })
    expect(code).toBe(1)
    rmSync(at(folder, "audit.restores"))
    const undeclared = await runBroker(folder.environment)
    expect(undeclared.code).toBe(1)
    await using broker = await startBroker(folder, DECLARED)
    const admin = await adminToken(broker.url)
    const events = await trail(broker.url, admin)
    expect(auditProblems(events)).toEqual([])
    const { text } = await call(broker.url, "GET /v1/audit/checkpoint", { bearer: admin })
    expect(checkpointProblems(text, events, at(folder, "audit.pub"))).toEqual([])
  })
})

test("a declared restore replaces a lost audit key; the verifier key still proves the last checkpoint", async () => {
  await using folder = await brokerFolder()
  const { atLoss } = await restoredFolder(folder)
  rmSync(at(folder, "audit.key"))
  const { code, stderr } = await runBroker(folder.environment)
  expect([code, stderr]).toEqual([1, expect.stringContaining("AA_DECLARE_RESTORE")])
  await using broker = await startBroker(folder, DECLARED)
  const events = await trail(broker.url, await adminToken(broker.url))
  const restored = events.find(({ event_type }) => event_type === "trail_restored")
  expect(restored?.["detail"]).toContain(`has ${sizeOf(atLoss)} events`)
})

test("with all keys lost, the event says that no checkpoint is known", async () => {
  await using folder = await brokerFolder()
  await restoredFolder(folder)
  for (const name of readdirSync(folder.path)) if (/^(audit|signing)\./.test(name)) rmSync(at(folder, name))
  await using broker = await startBroker(folder, DECLARED)
  const events = await trail(broker.url, await adminToken(broker.url))
  const restored = events.find(({ event_type }) => event_type === "trail_restored")
  expect(restored?.["detail"]).toContain("no checkpoint from before is known")
})

test("after a restore, a missing or different audit key stops the start", async () => {
  await using folder = await brokerFolder()
  await restoredFolder(folder)
  await (await startBroker(folder, DECLARED)).stop()
  const name = readdirSync(folder.path).find((name) => /^audit\.[0-9a-f]{16}\.key$/.test(name)) ?? ""
  copyFileSync(at(folder, "audit.key"), at(folder, name))
  expect((await runBroker(folder.environment)).stderr).toContain("another key than its name says")
  rmSync(at(folder, name))
  expect((await runBroker(folder.environment)).stderr).toContain("does not exist")
})

test.each([
  ["is damaged", "no record\n", /audit\.restores is damaged/],
  ["was truncated", "2026-11-25 0123456789abcdef", /audit\.restores is damaged/],
])("a record of restores that %s stops the start", async (_, content, message) => {
  await using folder = await brokerFolder()
  await restoredFolder(folder)
  writeFileSync(at(folder, "audit.restores"), content, { mode: 0o600 })
  expect(await runBroker(folder.environment)).toMatchObject({ code: 1, stderr: expect.stringMatching(message) })
})

test("a restore of nothing is refused, and the declaration is not spent", async () => {
  await using folder = await brokerFolder()
  const { code, stderr } = await runBroker({ ...folder.environment, ...DECLARED })
  expect([code, stderr]).toEqual([1, expect.stringContaining("unset AA_DECLARE_RESTORE")])
  expect(readdirSync(folder.path)).not.toContain("audit.restores")
})

test("an empty database instead of a lost one is a restore too", async () => {
  await using folder = await brokerFolder()
  const { atLoss: lost } = await restoredFolder(folder)
  rmSync(at(folder, "data.db"))
  expect((await runBroker(folder.environment)).code).toBe(1)
  await using broker = await startBroker(folder, DECLARED)
  const [first] = await trail(broker.url, await adminToken(broker.url))
  expect(first).toMatchObject({ event_type: "trail_restored", id: "evt-000001" })
  expect(first?.["detail"]).toContain(`put back to 0 events; the last known checkpoint has ${sizeOf(lost)} events`)
})

test("the feed is reset for positions from before, and launch tokens are void", async () => {
  await using folder = await brokerFolder()
  let unspent = ""
  await history(folder, async (url, admin) => {
    await revoke("task-1")(url, admin)
    unspent = await launchToken(url, admin, { ttl: 3600 })
  })
  backUp(folder)
  await history(folder, revoke("task-2"))
  putBack(folder)
  await using broker = await startBroker(folder, DECLARED)
  const { url } = broker
  const verified = await feedVerifier(url)
  const page = async (since: number) => verified((await call(url, `GET /v1/revocations?since=${since}`)).text)
  const snapshot = await page(0)
  expect(snapshot).toMatchObject({ from: 0, reset: false })
  expect(snapshot.head).toBeGreaterThan(ERA)
  expect(snapshot.entries.every(({ seq }) => seq > ERA)).toBe(true)
  expect(snapshot.entries.length).toBeGreaterThan(0)
  for (const since of [1, 2, 3, ERA - 1, snapshot.head + 1])
    expect(await page(since)).toMatchObject({ from: 0, reset: true, entries: snapshot.entries })
  expect(await page(snapshot.head)).toMatchObject({ from: snapshot.head, reset: false, entries: [] })
  const json = await registration(url, unspent)
  expect((await call(url, "POST /v1/register", { json })).status).toBe(401)
})
