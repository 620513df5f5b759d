import { readFileSync } from "node:fs"
import { connect } from "node:net"
import { type BrokerProcess, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call } from "@agentwrit/testing/client"
import { digestOf, type FeedStream, feedVerifier, openFeed } from "@agentwrit/testing/feed"
import { LONG_TTLS } from "./crashes.ts"
import type { Scenario } from "./stage.ts"
import { waitUntil } from "./wait-until.ts"

/** How much the process may grow in a flood, after its first third. */
const MAX_GROWTH_MIB = 96

/** How long a signed-in client waits at most during a flood. */
const SERVED_WITHIN_MS = 5000

/** How many feed streams may be open (CONTRACT 5). */
const MAX_STREAMS = 1024

/** Events per second that strangers may add to the trail, and how many at once (CONTRACT 4). */
const DENIALS_PER_SECOND = 40
const DENIAL_BURST = 10_000

/** Floods by strangers: memory and trail stay bounded, and signed-in clients are served. */
export const floods: Scenario = {
  name: "floods",
  async run(stage) {
    const seed = stage.seed()
    const { challenges, badTokens, streams } = stage.profile.floods
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, { AA_LOG_LEVEL: "quiet", ...LONG_TTLS })
    const admin = await adminToken(broker.url)
    const began = performance.now()
    let sent = 0
    const badToken = (): string => {
      const source = `10.0.${(sent >> 8) & 31}.${sent++ & 255}`
      const headers = `Authorization: Bearer eyJ.${sent}.x\r\nX-Forwarded-For: ${source}\r\nContent-Length: 0\r\n`
      return `POST /v1/token/renew HTTP/1.1\r\nHost: broker\r\n${headers}\r\n`
    }
    for (const plan of [
      {
        name: "challenges",
        count: challenges,
        next: () => "GET /v1/challenge HTTP/1.1\r\nHost: broker\r\n\r\n",
        status: 200,
      },
      { name: "bad tokens", count: badTokens, next: badToken, status: 401 },
    ]) {
      const { problems, note } = await floodProblems(broker, admin, plan)
      stage.check(problems, seed, plan.name)
      stage.notes.push(`${plan.name} ${note}`)
    }
    const events = (await call(broker.url, "GET /v1/health")).body.audit_events_count
    const bound = DENIAL_BURST + (DENIALS_PER_SECOND + 20) * ((performance.now() - began) / 1000)
    stage.check(events <= bound ? [] : [`the trail has ${events} events, more than ${bound.toFixed(0)}`], seed)
    if (2 * badTokens < bound) stage.skip("the bound of the trail, which so few bad tokens cannot exceed")
    stage.check(await streamProblems(broker, admin, streams), seed)
    stage.notes.push(`${events} events, ${streams} streams`)
  },
}

/** Sends `count` requests, each of which must be answered with `status`, while a signed-in client keeps working. */
export async function floodProblems(
  { url, child }: BrokerProcess,
  admin: string,
  { count, next, status }: { count: number; next: () => string; status: number },
): Promise<{ problems: string[]; note: string }> {
  const statuses = new Map<string, number>()
  await flood(url, count / 3, next, statuses)
  const warmMib = residentMib(child.pid)
  let isOver = false
  let longestMs = 0
  const served = (async () => {
    while (!isOver) {
      const began = performance.now()
      await agent(url, admin)
      longestMs = Math.max(longestMs, performance.now() - began)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  })()
  await flood(url, (count * 2) / 3, next, statuses)
  isOver = true
  await served
  const grownMib = residentMib(child.pid) - warmMib
  const told = [...statuses].map(([answer, times]) => `${answer}: ${times}`).join(", ")
  const problems = [...statuses.keys()].join() === String(status) ? [] : [`answered with ${told}`]
  if (grownMib > MAX_GROWTH_MIB) problems.push(`memory grew by ${grownMib.toFixed(0)} MiB`)
  if (longestMs > SERVED_WITHIN_MS) problems.push(`a signed-in client waited ${longestMs.toFixed(0)} ms`)
  return { problems, note: `${told}, ${grownMib.toFixed(0)} MiB grown, a client waited ${longestMs.toFixed(0)} ms` }
}

/** Connections of a flood, and requests that each sends ahead of their answers. */
const CONNECTIONS = 8
const PIPELINED = 50

/** Sends requests as fast as the broker answers, and counts the answers by status. */
async function flood(url: string, count: number, next: () => string, statuses: Map<string, number>): Promise<void> {
  const { hostname, port } = new URL(url)
  let left = Math.ceil(count)
  const add = (status: string, times = 1): void => void statuses.set(status, (statuses.get(status) ?? 0) + times)
  const connection = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(Number(port), hostname)
      let waiting = 0
      let rest = ""
      const send = (): void => {
        let requests = ""
        for (; waiting < PIPELINED && left > 0; waiting++, left--) requests += next()
        if (requests !== "") socket.write(requests)
        else if (waiting === 0) socket.end()
      }
      socket.once("connect", send).on("error", () => socket.destroy())
      socket.setEncoding("latin1").on("data", (chunk: string) => {
        rest += chunk
        let end = 0
        for (const { 0: line, 1: status = "", index } of rest.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
          add(status)
          waiting--
          end = index + line.length
        }
        // A status line may come in two pieces.
        rest = rest.slice(Math.max(end, rest.length - 12))
        send()
      })
      socket.setTimeout(10_000, () => socket.destroy())
      socket.once("close", () => {
        if (waiting > 0) add("no answer", waiting)
        resolve()
      })
    })
  const lane = async (): Promise<void> => {
    while (left > 0 && !statuses.has("no answer")) await connection()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, lane))
}

export function residentMib(pid: number | undefined): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024
}

/** Opens more feed streams than the limit: open ones must get a revocation, the others a 503 with Retry-After. */
export async function streamProblems({ url }: BrokerProcess, admin: string, count: number): Promise<string[]> {
  const opened: FeedStream[] = []
  while (opened.length < count) {
    const batch = Array.from({ length: Math.min(100, count - opened.length) }, (_, at) =>
      openFeed(url, 0, { "x-forwarded-for": `10.1.${(opened.length + at) % 250}.1` }),
    )
    opened.push(...(await Promise.all(batch)))
  }
  try {
    const open = opened.filter(({ status }) => status === 200)
    const refused = opened.filter(({ status, headers }) => status === 503 && headers["retry-after"] !== undefined)
    await call(url, "POST /v1/revoke", { bearer: admin, json: { level: "task", target: "flooded" } })
    const verified = await feedVerifier(url)
    const digest = digestOf("task", "flooded")
    const hears = ({ events }: FeedStream): boolean =>
      events.some(({ data }) => verified(data).entries.some((entry) => entry.digest === digest))
    const isHeard = await waitUntil(() => open.every(hears), 4 * SERVED_WITHIN_MS)
    return [
      ...(open.length === Math.min(count, MAX_STREAMS) ? [] : [`${open.length} streams are open`]),
      ...(open.length + refused.length === count ? [] : ["a stream is refused without 503 and Retry-After"]),
      ...(isHeard ? [] : ["an open stream did not get a revocation"]),
    ]
  } finally {
    for (const stream of opened) stream[Symbol.dispose]()
  }
}
