import { copyFileSync, cpSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { openCheckpoint, parseVerifierKey, verifyTrail } from "@agentwrit/audit"
import { type BrokerFolder, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, trail } from "@agentwrit/testing/client"
import Sqlite from "better-sqlite3"
import { refusalProblems } from "./refused-start.ts"
import { rewriteTrail } from "./rewritten-trail.ts"
import type { Scenario } from "./stage.ts"
import { TAMPERINGS, type Tampering } from "./tamperings.ts"
import { waitUntil } from "./wait-until.ts"

/** A trail that was changed on disk is found and named: by the broker at its start, and by whoever kept a checkpoint. */
export const tampering: Scenario = {
  name: "tampering",
  async run(stage) {
    const row = stage.report.row("tampering")
    await using past = await somePast()
    const tries = [
      ...TAMPERINGS.map((one) => () => tamper(past, one)),
      ...REPLACEMENTS.map((one) => () => replace(past, one)),
      () => forgetCheckpoints(past),
    ]
    await stage.eachOf(row, tries, async (attempt, seed) => row.check(await attempt().catch(thrown), seed))
  },
}

const thrown = (error: unknown): string[] => [error instanceof Error ? (error.stack ?? error.message) : String(error)]

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

function change(path: string, make: (database: Sqlite.Database) => void): void {
  const database = new Sqlite(join(path, "data.db"))
  database.transaction(() => make(database))()
  database.close()
}

/** How someone verifies a trail who kept a checkpoint. */
export type Audit = typeof verifyTrail

/** Changes a copy of it, and answers who did not notice. `audit`: in place of the package's verifier. */
export async function tamper(
  past: Past,
  { name, change: make, told, at }: Tampering,
  environment: Record<string, string> = {},
  audit: Audit = verifyTrail,
): Promise<string[]> {
  const end = Number(past.checkpoint.split("\n")[1])
  await using folder = await copyOf(past)
  change(folder.path, make)
  await using broker = await startBroker(folder, environment)
  const { url } = broker
  const problems: string[] = []
  const auditChain = async (): Promise<string> => (await call(url, "GET /v1/health")).body.audit_chain
  await waitUntil(async () => (await auditChain()) !== "verifying")
  const found = await auditChain()
  if (found !== "broken") problems.push(`health says ${found}`)
  // Said by then, though it may have to be read yet.
  const isNamed = await waitUntil(() => broker.output().stderr.includes(told(end)), 2000)
  if (!isNamed) problems.push(`the log does not say "${told(end)}": ${broker.output().stderr}`)
  const metrics = (await call(url, "GET /v1/metrics")).text
  if (!/^agentwrit_audit_chain_ok 0$/m.test(metrics)) problems.push("the metric agentwrit_audit_chain_ok is not 0")
  const admin = await adminToken(url)
  const { status } = await call(url, "GET /v1/audit/checkpoint", { bearer: admin })
  if (status !== 503) problems.push(`a checkpoint is signed over it (${status})`)
  const verdict = await auditorsVerdict(past, await trail(url, admin), audit)
  if (!verdict.startsWith(`audit trail broken at event ${at(end)}:`))
    problems.push(`the auditor's verifier says "${verdict}"`)
  return problems.map((problem) => `${name}: ${problem}`)
}

/** Says of a trail whoever pinned the key and kept the checkpoint before. */
async function auditorsVerdict(past: Past, events: readonly unknown[], audit: Audit): Promise<string> {
  const key = parseVerifierKey(readFileSync(join(past.path, "audit.pub"), "utf8").trim())
  const report = await audit(events, { checkpoint: openCheckpoint(past.checkpoint, key) })
  return report.ok ? "it is sound" : report.message
}

/** One change after which a broker must not start, because it would sign against what others hold. */
export interface Replacement {
  readonly name: string
  make(folder: BrokerFolder, past: Past): void | Promise<void>
}

/** What contradicts the checkpoint that is kept beside the audit key. */
export const REPLACEMENTS: readonly Replacement[] = [
  {
    name: "tail cut",
    // The newest events, and with them the checkpoints that cover them.
    make: ({ path }) =>
      change(path, (database) =>
        database.exec("DELETE FROM events WHERE seq > 5; DELETE FROM checkpoints WHERE size > 5"),
      ),
  },
  {
    name: "older copy",
    async make(folder, past) {
      await goOn(folder)
      copyFileSync(join(past.path, "data.db"), join(folder.path, "data.db"))
    },
  },
  {
    name: "rewritten with new hashes, another tree and another root",
    make: ({ path }) => change(path, (database) => rewriteTrail(database, ["head_hash", "edge", "root"])),
  },
  {
    name: "rewritten with new hashes, without its checkpoints",
    make: ({ path }) => change(path, rewriteUnsigned),
  },
]

/** Makes one of a copy, and answers what is wrong with how a start on it ends. */
export async function replace(
  past: Past,
  { name, make }: Replacement,
  environment: Record<string, string> = {},
): Promise<string[]> {
  await using folder = await copyOf(past)
  await make(folder, past)
  const problems = await refusalProblems(
    { environment: { ...folder.environment, ...environment } },
    /put back to an older copy or changed/,
  )
  return problems.map((problem) => `${name}: ${problem}`)
}

function rewriteUnsigned(database: Sqlite.Database): void {
  rewriteTrail(database, ["head_hash"])
  database.exec("DELETE FROM checkpoints")
}

/** Where the checkpoint beside the key is gone as well, the broker cannot know: whoever kept one elsewhere does. */
export async function forgetCheckpoints(past: Past, audit: Audit = verifyTrail): Promise<string[]> {
  await using folder = await copyOf(past)
  change(folder.path, rewriteUnsigned)
  rmSync(join(folder.path, "audit.checkpoint"))
  await using broker = await startBroker(folder)
  const verdict = await auditorsVerdict(past, await trail(broker.url, await adminToken(broker.url)), audit)
  const isFound = /not the one that the checkpoint was signed over/.test(verdict)
  return isFound ? [] : [`rewritten, and every checkpoint removed: the auditor's verifier says "${verdict}"`]
}
