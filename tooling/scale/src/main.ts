import { cp, mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startBroker } from "./broker.ts"
import { FEW, makeTrail } from "./make-trail.ts"

// What a long audit trail costs: npx pnpm@12 scale [events, default 1000000]. Needs Linux (/proc) and some 2 GB of disk.

const LARGE = Number(process.argv[2] ?? 1_000_000)
const SIZES = [0, 10_000, LARGE]

/** Times each query is made; the median counts. */
const TIMES = 21

interface Figures {
  readonly [what: string]: number
}

const scratch = await mkdtemp(join(tmpdir(), "agentwrit-scale-"))
try {
  const keys = await newFolder("keys")
  await (await startBroker(keys))[Symbol.asyncDispose]()
  const columns: Figures[] = []
  for (const size of SIZES) {
    const folder = await newFolder(String(size))
    for (const file of ["signing.key", "audit.key", "audit.pub"]) await cp(join(keys, file), join(folder, file))
    if (size > 0) await makeTrail(join(folder, "data.db"), join(folder, "audit.key"), size)
    columns.push(await measure(folder, size))
  }
  const names = Object.keys(columns[columns.length - 1] ?? {})
  const table = names.map((name) => [name, ...columns.map((column) => column[name]?.toFixed(1) ?? "–")])
  for (const row of [["", ...SIZES.map((size) => `${size.toLocaleString("en")} events`)], ...table])
    process.stdout.write(`| ${row.join(" | ")} |\n`)
} finally {
  await rm(scratch, { recursive: true, force: true })
}

async function newFolder(name: string): Promise<string> {
  const folder = join(scratch, name)
  await mkdir(folder)
  return folder
}

async function measure(folder: string, size: number): Promise<Figures> {
  // The first start after a copy reads the file from disk; the ones that follow are what a restart costs.
  const starts: number[] = []
  const memories: number[] = []
  for (let time = 0; time < 5; time++) {
    await using broker = await startBroker(folder)
    starts.push(broker.firstAnswer)
    memories.push(broker.memory)
  }
  const start = { "start to first 200, ms": median(starts), "resident memory, MiB": median(memories) }
  if (size === 0) return start
  await using broker = await startBroker(folder)
  const page = (query: string) => medianOf(() => get(broker.url, broker.token, `/v1/audit/events?limit=100&${query}`))
  const agent = `agent_id=${encodeURIComponent(FEW.agentId)}`
  const middle = `after=evt-${String(Math.floor(size / 2)).padStart(6, "0")}`
  return {
    ...start,
    "page by agent, ms": await page(agent),
    "page by agent and after, ms": await page(`${agent}&${middle}`),
    "page by task, ms": await page(`task_id=${FEW.taskId}`),
    "page after the middle, ms": await page(middle),
    "first page, ms": await page(""),
    "last page by offset, ms": await page(`offset=${size - 100}`),
    "page by event type, ms": await page("event_type=token_renewed"),
    "page by outcome, ms": await page("outcome=denied"),
    "page since the start, ms": await page("since=2020-01-01T00:00:00Z"),
    ...(await besideSlowQueries(broker.url, broker.token)),
  }
}

/** How long sign-ins of nobody in particular, challenges, wait while an auditor asks for the slowest pages without a pause. */
async function besideSlowQueries(url: string, token: string): Promise<Figures> {
  let done = false
  const auditor = (async () => {
    while (!done) await get(url, token, "/v1/audit/events?limit=1&outcome=success&since=2020-01-01T00:00:00Z")
  })()
  const commits: number[] = []
  const json = { agent_name: "scale", allowed_scope: ["read:data:*"] }
  for (let time = 0; time < 300; time++) {
    const began = performance.now()
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`${url}/v1/admin/launch-tokens`, { method: "POST", headers, body: JSON.stringify(json) })
    await answer.text()
    if (answer.status !== 201) throw new Error(`a launch token was answered ${answer.status}`)
    commits.push(performance.now() - began)
  }
  done = true
  await auditor
  commits.sort((a, b) => a - b)
  return {
    "commit beside slow queries, p50, ms": commits[150] ?? Number.NaN,
    "commit beside slow queries, p99, ms": commits[297] ?? Number.NaN,
  }
}

async function get(url: string, token: string, path: string): Promise<void> {
  const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`${path}: ${text}`)
}

async function medianOf(act: () => Promise<void>): Promise<number> {
  const times: number[] = []
  for (let time = 0; time < TIMES; time++) {
    const began = performance.now()
    await act()
    times.push(performance.now() - began)
  }
  return median(times)
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
