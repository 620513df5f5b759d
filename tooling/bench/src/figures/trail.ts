import { cp, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { adminToken, startBroker } from "../broker.ts"
import type { Bench, Figure, Row } from "../figure.ts"
import { startRows } from "../starts.ts"
import { medianOf, sampleOf } from "../statistics.ts"
import { FEW, makeTrail } from "../trail.ts"

/** Requests for each page in one run. */
const TIMES = 10

export const trail: Figure = {
  name: "trail",
  async measure(bench) {
    const { longTrail, shortTrail } = bench.profile
    const folder = await bench.folder()
    const empty = await newFolder(folder, "empty")
    const short = await newFolder(folder, "short")
    const long = await newFolder(folder, "long")
    await (await startBroker(empty))[Symbol.asyncDispose]()
    for (const [path, events] of [
      [short, shortTrail],
      [long, longTrail],
    ] as const) {
      for (const file of ["signing.key", "audit.key", "audit.pub"]) await cp(join(empty, file), join(path, file))
      await makeTrail(join(path, "data.db"), join(path, "audit.key"), events)
    }
    const of = `${longTrail.toLocaleString("en")} events`
    return [
      ...(await pageRows(bench, short, long)),
      ...(await startRows(bench, { measured: long, floor: empty }, of, {
        start: [{ ratioAtMost: 1.3 }],
        memory: [{ ratioAtMost: 1.2 }],
      })),
    ]
  },
}

async function newFolder(parent: string, name: string): Promise<string> {
  const path = join(parent, name)
  await mkdir(path)
  return path
}

/** The pages that auditors request, of a long trail and of a short one. */
async function pageRows(bench: Bench, short: string, long: string): Promise<Row[]> {
  const { longTrail, shortTrail } = bench.profile
  await using ofShort = await startBroker(short)
  await using ofLong = await startBroker(long)
  const tokens = { short: await adminToken(ofShort.url), long: await adminToken(ofLong.url) }
  const agent = `agent_id=${encodeURIComponent(FEW.agentId)}`
  const after = (size: number): string => `after=evt-${String(Math.floor(size / 2)).padStart(6, "0")}`
  const pages: [what: string, query: (size: number) => string, row: Pick<Row, "reach">][] = [
    ["by agent", () => agent, { reach: [{ ratioAtMost: 1.5 }] }],
    ["by agent and after the middle", (size) => `${agent}&${after(size)}`, { reach: [] }],
    ["by task", () => `task_id=${FEW.taskId}`, { reach: [] }],
    ["after the middle", after, { reach: [] }],
    ["the last by offset", (size) => `offset=${size - 100}`, { reach: [] }],
    ["by type (two in five match)", () => "event_type=token_renewed", { reach: [] }],
    ["by outcome (one in fifty matches)", () => "outcome=denied", { reach: [] }],
    ["since before the first", () => "since=2020-01-01T00:00:00Z", { reach: [] }],
  ]
  const rows: Row[] = []
  for (const [what, query, { reach }] of pages) {
    const measured: number[] = []
    const floor: number[] = []
    for (let run = -1; run < bench.profile.runs; run++) {
      const onShort = await pageTime(ofShort.url, tokens.short, query(shortTrail))
      const onLong = await pageTime(ofLong.url, tokens.long, query(longTrail))
      if (run < 0) continue
      floor.push(onShort)
      measured.push(onLong)
    }
    const ratio = medianOf(measured.map((time, run) => time / (floor[run] ?? Number.NaN)))
    const sizes = `${longTrail.toLocaleString("en")} events, floor ${shortTrail.toLocaleString("en")}`
    rows.push({
      what: `audit page ${what}, ${sizes}`,
      unit: "ms",
      measured: sampleOf(measured),
      floor: sampleOf(floor),
      ratio,
      reach,
    })
  }
  return rows
}

/** The median latency of a page of 100 events, in milliseconds. */
async function pageTime(url: string, token: string, query: string): Promise<number> {
  const times: number[] = []
  for (let time = 0; time < TIMES; time++) {
    const began = performance.now()
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`${url}/v1/audit/events?limit=100&${query}`, { headers })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${query}: ${text}`)
    times.push(performance.now() - began)
  }
  return medianOf(times)
}
