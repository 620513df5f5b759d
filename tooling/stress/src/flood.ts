import type { BrokerProcess } from "@agentwrit/testing/broker-process"
import { agent } from "@agentwrit/testing/client"
import { flood, type Statuses, UNANSWERED } from "./flood-client.ts"
import { memoryOf } from "./process-figures.ts"
import type { Row } from "./report.ts"

/** MiB by which a flood may grow the process, beyond what the first tenth of it took. */
export const GROWTH = 96

/** Milliseconds within which a client that is signed in is served meanwhile. */
export const SERVED = 5000

/** Connections of a flood. */
const CONNECTIONS = 8

/** A request without a body. */
export const head = (route: string, headers = ""): string => `${route} HTTP/1.1\r\nHost: broker\r\n${headers}\r\n`

/** An address of its own for each number, from RFC 1918's largest range. */
export const address = (number: number): string => `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`

/** Who is flooded, and where it is written down. */
export interface Flooded {
  readonly broker: BrokerProcess
  readonly admin: string
  readonly row: Row
  readonly seed: number
}

/** What a flood is made of. */
export interface FloodPlan {
  readonly name: string
  readonly count: number
  next(): string
  /** What strangers are answered with; a broker that turns them away otherwise has not stood the flood. */
  readonly statuses: readonly number[]
}

/**
 * Sends so many requests, a tenth of them to warm up, while a client that is signed in goes on.
 * @returns how often that client registered an agent.
 */
export async function floodOf({ broker, admin, row, seed }: Flooded, plan: FloodPlan): Promise<number> {
  const { name, count, next } = plan
  const { url, child } = broker
  const began = performance.now()
  const statuses = await flood(url, Math.ceil(count / 10), CONNECTIONS, next)
  const warm = memoryOf(child.pid)
  const waits: number[] = []
  let isOver = false
  const served = (async () => {
    while (!isOver) {
      const asked = performance.now()
      await inTime(agent(url, admin))
      waits.push(performance.now() - asked)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  })()
  const failed = served.then(() => []).catch((error: Error) => [`a client that is signed in: ${error.message}`])
  await flood(url, Math.floor(count * 0.9), CONNECTIONS, next, statuses)
  isOver = true
  const unserved = await failed
  const grown = memoryOf(child.pid) - warm
  const rate = count / ((performance.now() - began) / 1000)
  row.note(
    `${count} ${name}: ${rate.toFixed(0)}/s (${told(statuses)}), ${grown.toFixed(0)} MiB grown from ${warm.toFixed(0)}, a registration took ${Math.max(0, ...waits).toFixed(0)} ms at most`,
  )
  row.check(
    [
      ...(grown > GROWTH ? [`memory grew by ${grown.toFixed(0)} MiB`] : []),
      ...unserved,
      ...floodProblems(statuses, plan.statuses),
    ].map((problem) => `${name}: ${problem}`),
    seed,
  )
  return waits.length
}

/** Rejects when it takes longer; by default than a client that is signed in has to wait. */
export async function inTime<T>(asked: Promise<T>, milliseconds: number = SERVED): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`not served within ${milliseconds} ms`)), milliseconds)
  return await Promise.race([asked, late]).finally(() => clearTimeout(timer))
}

/** What a flood must not bring about, in words. */
function floodProblems(statuses: Statuses, expected: readonly number[]): string[] {
  return [...statuses].flatMap(([status, times]) =>
    status === UNANSWERED
      ? [`${times} requests were not answered`]
      : expected.includes(status)
        ? []
        : [`${times} requests were answered with ${status}`],
  )
}

const told = (statuses: Statuses): string =>
  [...statuses]
    .sort()
    .map(([status, times]) => `${status === UNANSWERED ? "unanswered" : status}: ${times}`)
    .join(", ")
