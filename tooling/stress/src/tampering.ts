import { copyFileSync, cpSync, readFileSync } from "node:fs"
import { join } from "node:path"
import {
  type AuditEvent,
  chainEvent,
  GENESIS_HASH,
  openCheckpoint,
  parseVerifierKey,
  RightEdge,
  verifyTrail,
} from "@agentwrit/audit"
import { type BrokerFolder, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, trail } from "@agentwrit/testing/client"
import Sqlite from "better-sqlite3"
import type { Scenario } from "./stage.ts"
import { refusedStartProblems } from "./storage/storage-case.ts"
import { waitUntil } from "./wait-until.ts"

/** Changes the trail on the disk. The broker must notice at its start, and so must an auditor who kept a checkpoint. */
export const tampering: Scenario = {
  name: "tampering",
  async run(stage) {
    await using past = await somePast()
    const tries = [
      ...TAMPERINGS.map((one) => () => tamper(past, one)),
      ...Object.values(REPLACEMENTS).map((make) => () => replace(past, make)),
    ]
    await stage.each(tries, (attempt) => attempt(), true)
  },
}

/** The files of a broker, and a checkpoint that an auditor kept. */
export interface Past extends AsyncDisposable {
  readonly path: string
  readonly checkpoint: string
  /** How many events the checkpoint covers. */
  readonly size: number
}

/** Makes some history. Every attempt works on a copy. */
export async function somePast(): Promise<Past> {
  const folder = await brokerFolder()
  const checkpoint = await addHistory(folder)
  return {
    path: folder.path,
    checkpoint,
    size: Number(checkpoint.split("\n")[1]),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

/** Registers a few agents and returns a checkpoint. */
async function addHistory(folder: BrokerFolder): Promise<string> {
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

function change(path: string, make: (database: Sqlite.Database) => void): void {
  const database = new Sqlite(join(path, "data.db"))
  database.transaction(() => make(database))()
  database.close()
}

/** A change of events below the newest checkpoint. */
export interface Tampering {
  readonly name: string
  readonly change: (database: Sqlite.Database) => void
  /** The event that the auditor names. Default: the last one of the checkpoint. */
  readonly at?: number
  /** What the broker logs. Default: the event that the auditor names. */
  readonly logged?: (size: number) => string
}

const brokenAt = (event: number): string => `audit trail broken at event ${event}:`

const sql = (text: string) => (database: Sqlite.Database) => void database.exec(text)

const TAMPERINGS: readonly Tampering[] = [
  { name: "edited", change: sql("UPDATE events SET detail = detail || '.' WHERE seq = 3"), at: 3 },
  { name: "deleted", change: sql("DELETE FROM events WHERE seq = 3"), at: 3 },
  {
    name: "two exchanged",
    change: sql("UPDATE events SET seq = seq - 7 WHERE seq IN (3, 4); UPDATE events SET seq = -seq WHERE seq < 0"),
    at: 3,
  },
  { name: "rewritten with new hashes", change: (database) => rewrite(database, ["head_hash"]), logged: brokenAt },
  {
    name: "rewritten with new hashes and another tree",
    change: (database) => rewrite(database, ["head_hash", "edge"]),
    logged: (size) => `the checkpoint of ${size} events is not the one that was signed`,
  },
]

/** Tampers with a copy, and returns who did not notice. */
export async function tamper(past: Past, { name, change: make, at = past.size, logged }: Tampering): Promise<string[]> {
  await using folder = await copyOf(past)
  change(folder.path, make)
  await using broker = await startBroker(folder)
  const { url } = broker
  const problems: string[] = []
  let found = "verifying"
  await waitUntil(async () => {
    found = (await call(url, "GET /v1/health")).body.audit_chain
    return found !== "verifying"
  })
  if (found !== "broken") problems.push(`health says ${found}`)
  const line = logged?.(past.size) ?? brokenAt(at)
  if (!(await waitUntil(() => broker.output().stderr.includes(line), 2000)))
    problems.push(`the log does not say "${line}": ${broker.output().stderr}`)
  const metrics = (await call(url, "GET /v1/metrics")).text
  if (!/^agentwrit_audit_chain_ok 0$/m.test(metrics)) problems.push("the metric agentwrit_audit_chain_ok is not 0")
  const admin = await adminToken(url)
  const { status } = await call(url, "GET /v1/audit/checkpoint", { bearer: admin })
  if (status !== 503) problems.push(`a checkpoint is answered with ${status}`)
  const verdict = await auditorsVerdict(past, await trail(url, admin))
  if (!verdict.startsWith(brokenAt(at))) problems.push(`the auditor's verifier says "${verdict}"`)
  return problems.map((problem) => `${name}: ${problem}`)
}

/** The verdict of an auditor who pinned the key and kept the checkpoint. */
async function auditorsVerdict(past: Past, events: readonly unknown[]): Promise<string> {
  const key = parseVerifierKey(readFileSync(join(past.path, "audit.pub"), "utf8").trim())
  const report = await verifyTrail(events, { checkpoint: openCheckpoint(past.checkpoint, key) })
  return report.ok ? "it is sound" : report.message
}

/** Changes that contradict the checkpoint beside the audit key: the broker must not start on them. */
const REPLACEMENTS: Record<string, (folder: BrokerFolder, past: Past) => void | Promise<void>> = {
  "tail cut": ({ path }) =>
    change(path, sql("DELETE FROM events WHERE seq > 5; DELETE FROM checkpoints WHERE size > 5")),
  "older copy": async (folder, past) => {
    await addHistory(folder)
    copyFileSync(join(past.path, "data.db"), join(folder.path, "data.db"))
  },
  "rewritten with new hashes, another tree and another root": ({ path }) =>
    change(path, (database) => rewrite(database, ["head_hash", "edge", "root"])),
}

async function replace(
  past: Past,
  make: (folder: BrokerFolder, past: Past) => void | Promise<void>,
): Promise<string[]> {
  await using folder = await copyOf(past)
  await make(folder, past)
  return await refusedStartProblems(folder, /put back to an older copy or changed/)
}

/** Columns of a checkpoint that an attacker can recompute, unlike its signature. */
type Recomputed = "head_hash" | "edge" | "root"

/** Edits event 3 and recomputes the hash of every later event, and these columns of each checkpoint. */
function rewrite(database: Sqlite.Database, columns: readonly Recomputed[]): void {
  database.exec("UPDATE events SET detail = detail || '.' WHERE seq = 3")
  const setEvent = database.prepare("UPDATE events SET hash = ?, prev_hash = ? WHERE seq = ?")
  const setters = columns.map((column) => `${column} = @${column}`).join()
  const setCheckpoint = database.prepare(`UPDATE checkpoints SET ${setters} WHERE size = @size`)
  const edge = new RightEdge()
  let prevHash = GENESIS_HASH
  const rows = database.prepare<[], Record<string, unknown>>("SELECT * FROM events ORDER BY seq").all()
  for (const { seq, timestamp, hash: _, prev_hash: __, data, ...members } of rows) {
    const told = { ...members, data: JSON.parse(String(data)) }
    const draft = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null))
    const { event, leafHash } = chainEvent(draft as unknown as AuditEvent, {
      sequence: Number(seq),
      timestamp: new Date(Number(timestamp)).toISOString(),
      prevHash,
    })
    setEvent.run(Buffer.from(event.hash, "hex"), Buffer.from(prevHash, "hex"), seq)
    edge.append(leafHash)
    prevHash = event.hash
    const kept: Record<Recomputed, Uint8Array> = {
      head_hash: Buffer.from(prevHash, "hex"),
      edge: Buffer.from(edge.toBytes()),
      root: Buffer.from(edge.root()),
    }
    setCheckpoint.run({ ...Object.fromEntries(columns.map((column) => [column, kept[column]])), size: seq })
  }
}
