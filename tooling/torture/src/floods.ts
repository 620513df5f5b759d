import { type BrokerProcess, brokerFolder, startBroker } from "@agentwrit/e2e/broker-process"
import { adminToken, agent, call } from "@agentwrit/e2e/client"
import { type FeedStream, openFeed } from "@agentwrit/e2e/feed"
import { flood, type Statuses } from "./flood-client.ts"
import { memoryOf } from "./process-figures.ts"
import type { Row } from "./report.ts"
import type { Scenario } from "./stage.ts"

/** MiB by which a flood may grow the process, beyond what the first tenth of it took. */
const GROWTH = 96

/** Milliseconds within which a client that is signed in is served meanwhile. */
const SERVED = 5000

/** Connections of a flood. */
const CONNECTIONS = 8

/** Strangers in great number: memory flat, the trail bounded, and those who are signed in still served. */
export const floods: Scenario = {
  name: "floods",
  async run(stage) {
    const row = stage.report.row("floods")
    const seed = stage.seed()
    const { challenges, badTokens, keys, streams } = stage.profile.floods
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, { AA_LOG_LEVEL: "quiet", AA_ADMIN_TOKEN_TTL: "86400" })
    const began = performance.now()
    const admin = await adminToken(broker.url)
    const one = { broker, admin, row, seed }
    await floodOf(one, "challenges", challenges, () => head("GET /v1/challenge"))
    let token = 0
    await floodOf(one, "bad tokens", badTokens, () => {
      const bearer = `eyJ.${(token++).toString(36)}.x`
      return head(
        "POST /v1/token/renew",
        `Authorization: Bearer ${bearer}\r\nX-Forwarded-For: ${address(token % 5000)}\r\nContent-Length: 0\r\n`,
      )
    })
    let key = 0
    const secret = JSON.stringify({ client_id: "nobody", client_secret: "0".repeat(64) })
    await floodOf(one, "rate-limit keys", keys, () => {
      const lines = `X-Forwarded-For: ${address(key++)}\r\nContent-Length: ${secret.length}\r\n`
      return `${head("POST /v1/app/auth", lines)}${secret}`
    })
    row.check(await manyStreams(broker, admin, streams, row), seed)
    const total = (await call(broker.url, "GET /v1/health")).body.audit_events_count
    const seconds = (performance.now() - began) / 1000
    row.note(`${total} events in the trail`)
    // A burst of 5,000 over all sources, proven and unproven, and 20 a second for each.
    row.check(
      total < 11_000 + 40 * seconds ? [] : [`the trail has ${total} events after ${seconds.toFixed(0)} s`],
      seed,
    )
  },
}

/** A request without a body. */
export const head = (route: string, headers = ""): string => `${route} HTTP/1.1\r\nHost: broker\r\n${headers}\r\n`

/** An address of its own for each number, from RFC 1918's largest range. */
const address = (number: number): string => `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`

/** Who is flooded, and where it is written down. */
export interface Flooded {
  readonly broker: BrokerProcess
  readonly admin: string
  readonly row: Row
  readonly seed: number
}

/** Sends so many requests, a tenth of them to warm up, while a client that is signed in goes on. */
export async function floodOf(
  { broker, admin, row, seed }: Flooded,
  name: string,
  count: number,
  next: () => string,
): Promise<void> {
  const { url, child } = broker
  const began = performance.now()
  await flood(url, Math.ceil(count / 10), CONNECTIONS, next)
  const warm = memoryOf(child.pid ?? 0)
  const waits: number[] = []
  let isOver = false
  const served = (async () => {
    while (!isOver) {
      const asked = performance.now()
      await agent(url, admin)
      waits.push(performance.now() - asked)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  })()
  const statuses = await flood(url, Math.floor(count * 0.9), CONNECTIONS, next)
  isOver = true
  const failure = await served.then(() => undefined).catch((error: Error) => error)
  const grown = memoryOf(child.pid ?? 0) - warm
  const longest = Math.max(...waits)
  const rate = count / ((performance.now() - began) / 1000)
  row.note(
    `${count} ${name}: ${rate.toFixed(0)}/s, ${grown.toFixed(0)} MiB grown, a registration took ${longest.toFixed(0)} ms at most`,
  )
  row.check(
    [
      ...(grown > GROWTH ? [`${name}: memory grew by ${grown.toFixed(0)} MiB`] : []),
      ...(failure === undefined ? [] : [`${name}: a client that is signed in was not served: ${failure.message}`]),
      ...(longest > SERVED ? [`${name}: a client that is signed in waited ${longest.toFixed(0)} ms`] : []),
      ...odd(statuses).map((status) => `${name}: answered with ${status}`),
    ],
    seed,
  )
}

/** Statuses that a flood must not bring about. */
const odd = (statuses: Statuses): number[] => [...statuses.keys()].filter((status) => status >= 500 && status !== 503)

/** Event streams beyond the bound: those within it are served, the others told to poll. */
async function manyStreams(broker: BrokerProcess, admin: string, count: number, row: Row): Promise<string[]> {
  const before = memoryOf(broker.child.pid ?? 0)
  const open: FeedStream[] = []
  const refused = new Map<number, number>()
  try {
    for (let begun = 0; begun < count; begun += 100) {
      const batch = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          openFeed(broker.url, 0, { "x-forwarded-for": address((begun + at) % 300) }).catch(() => undefined),
        ),
      )
      for (const stream of batch) {
        if (stream === undefined) continue
        if (stream.status === 200) open.push(stream)
        else {
          refused.set(stream.status, (refused.get(stream.status) ?? 0) + 1)
          stream[Symbol.dispose]()
        }
      }
    }
    const grown = memoryOf(broker.child.pid ?? 0) - before
    const { status } = await call(broker.url, "POST /v1/revoke", {
      bearer: admin,
      json: { level: "task", target: "flooded" },
    })
    row.note(
      `${count} streams: ${open.length} open, ${[...refused].map(([code, times]) => `${code}: ${times}`).join()}, ${grown.toFixed(0)} MiB grown`,
    )
    return [
      ...(open.length > 1024 ? [`${open.length} streams are open`] : []),
      ...(count > 1024 && refused.get(503) === undefined ? ["no stream was refused with 503"] : []),
      ...(grown > GROWTH ? [`streams: memory grew by ${grown.toFixed(0)} MiB`] : []),
      ...(status === 200 ? [] : [`streams: a revocation is answered with ${status}`]),
    ]
  } finally {
    for (const stream of open) stream[Symbol.dispose]()
  }
}
