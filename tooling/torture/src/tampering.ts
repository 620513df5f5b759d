import { copyFileSync, cpSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { openCheckpoint, parseVerifierKey, verifyTrail } from "@agentwrit/audit"
import { type BrokerFolder, brokerFolder, runBroker, startBroker } from "@agentwrit/e2e/broker-process"
import { adminToken, agent, call, trail } from "@agentwrit/e2e/client"
import Sqlite from "better-sqlite3"
import type { Scenario } from "./stage.ts"

/** One change of the trail on disk. */
export interface Tampering {
  readonly name: string
  readonly sql: string
  /** Where the break is named. */
  readonly at: number
}

const COLUMNS = (
  "timestamp, event_type, agent_id, task_id, orch_id, detail, resource, outcome, deleg_depth, deleg_chain_hash, " +
  "bytes_transferred, hash, prev_hash"
).trim()

/** What someone with the file in hand may do to the trail below the newest checkpoint. */
export const TAMPERINGS: readonly Tampering[] = [
  { name: "edited", sql: "UPDATE events SET detail = detail || '.' WHERE seq = 3", at: 3 },
  { name: "deleted", sql: "DELETE FROM events WHERE seq = 3", at: 3 },
  {
    name: "deleted and closed up",
    sql: "DELETE FROM events WHERE seq = 3; UPDATE events SET seq = -(seq - 1) WHERE seq > 3; UPDATE events SET seq = -seq WHERE seq < 0",
    at: 3,
  },
  {
    name: "reordered",
    sql: "UPDATE events SET seq = -7 + seq WHERE seq IN (3, 4); UPDATE events SET seq = -seq WHERE seq < 0",
    at: 3,
  },
  {
    name: "inserted",
    sql: `UPDATE events SET seq = -(seq + 1) WHERE seq > 3; UPDATE events SET seq = -seq WHERE seq < 0; INSERT INTO events (seq, ${COLUMNS}) SELECT 4, ${COLUMNS} FROM events WHERE seq = 2`,
    at: 4,
  },
]

/** A trail that was changed on disk is found and named: by the broker at its start, and by whoever kept a checkpoint. */
export const tampering: Scenario = {
  name: "tampering",
  async run(stage) {
    const row = stage.report.row("tampering")
    await using past = await somePast()
    const tries = [
      ...TAMPERINGS.map((change) => () => tamper(past, change)),
      () => cutTail(past),
      () => olderCopy(past),
    ]
    await stage.eachOf(row, tries, async (attempt, seed) => row.check(await attempt(), seed))
  },
}

/** A broker's files after some history, and the checkpoint that someone kept of it. */
export interface Past extends AsyncDisposable {
  readonly path: string
  readonly checkpoint: string
}

/** Makes some history and stops; every attempt has a copy of its own. */
export async function somePast(): Promise<Past> {
  const folder = await brokerFolder()
  return {
    path: folder.path,
    checkpoint: await goOn(folder),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

/** Runs a broker for a while, and answers with a checkpoint of the end. */
async function goOn(folder: BrokerFolder): Promise<string> {
  await using broker = await startBroker(folder)
  const admin = await adminToken(broker.url)
  for (let count = 0; count < 3; count++) await agent(broker.url, admin)
  const { text } = await call(broker.url, "GET /v1/audit/checkpoint", { bearer: admin })
  await broker.end("SIGTERM")
  return text
}

async function copyOf(past: Past): Promise<BrokerFolder> {
  const folder = await brokerFolder()
  cpSync(past.path, folder.path, { recursive: true })
  return folder
}

function change(path: string, sql: string): void {
  const database = new Sqlite(join(path, "data.db"))
  database.exec(sql)
  database.close()
}

/** Changes a copy of it, and answers who did not notice. */
export async function tamper(
  past: Past,
  { name, sql, at }: Tampering,
  environment: Record<string, string> = {},
): Promise<string[]> {
  await using folder = await copyOf(past)
  change(folder.path, sql)
  await using broker = await startBroker(folder, environment)
  const problems: string[] = []
  // The broker may name the end that does not fit the newest checkpoint; the auditor's verifier names the first broken event.
  const isNamed = await until(() => /audit trail broken at event \d+:/.test(broker.output().stderr))
  if (!isNamed) problems.push(`${name}: the log does not tell of it: ${broker.output().stderr}`)
  const { body } = await call(broker.url, "GET /v1/health")
  if (body.audit_chain !== "broken") problems.push(`${name}: health says ${body.audit_chain}`)
  const admin = await adminToken(broker.url)
  const { status } = await call(broker.url, "GET /v1/audit/checkpoint", { bearer: admin })
  if (status !== 503) problems.push(`${name}: a checkpoint is signed over it`)
  const key = parseVerifierKey(readFileSync(join(folder.path, "audit.pub"), "utf8").trim())
  const report = await verifyTrail(await trail(broker.url, admin), { checkpoint: openCheckpoint(past.checkpoint, key) })
  if (report.ok || !report.message.includes(`event ${at}`))
    problems.push(`${name}: the auditor's verifier says ${report.ok ? "it is sound" : report.message}`)
  return problems
}

/** The newest events are cut off, and with them the checkpoints that cover them. */
async function cutTail(past: Past): Promise<string[]> {
  await using folder = await copyOf(past)
  change(folder.path, "DELETE FROM events WHERE seq > 5; DELETE FROM checkpoints WHERE size > 5")
  return await refused("tail cut", folder.environment)
}

async function olderCopy(past: Past): Promise<string[]> {
  await using folder = await copyOf(past)
  await goOn(folder)
  copyFileSync(join(past.path, "data.db"), join(folder.path, "data.db"))
  return await refused("older copy", folder.environment)
}

async function refused(name: string, environment: Readonly<Record<string, string>>): Promise<string[]> {
  const { code, stderr } = await runBroker({ ...environment })
  return code === 1 && /put back to an older copy/.test(stderr) ? [] : [`${name}: a start ends with ${code}: ${stderr}`]
}

async function until(isTrue: () => boolean): Promise<boolean> {
  for (let time = 0; time < 200; time++) {
    if (isTrue()) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return false
}
