import type { BrokerProcess } from "@agentwrit/e2e/broker-process"
import { agent } from "@agentwrit/e2e/client"
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

/** Sends so many requests, a tenth of them to warm up, while a client that is signed in goes on. */
export async function floodOf(
  { broker, admin, row, seed }: Flooded,
  name: string,
  count: number,
  next: () => string,
): Promise<void> {
  const { url, child } = broker
  const began = performance.now()
  const statuses = await flood(url, Math.ceil(count / 10), CONNECTIONS, next)
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
  await flood(url, Math.floor(count * 0.9), CONNECTIONS, next, statuses)
  isOver = true
  const failure = await served.then(() => undefined).catch((error: Error) => error)
  const grown = memoryOf(child.pid ?? 0) - warm
  const longest = Math.max(...waits)
  const rate = count / ((performance.now() - began) / 1000)
  row.note(
    `${count} ${name}: ${rate.toFixed(0)}/s (${told(statuses)}), ${grown.toFixed(0)} MiB grown from ${warm.toFixed(0)}, a registration took ${longest.toFixed(0)} ms at most`,
  )
  row.check(
    [
      ...(grown > GROWTH ? [`${name}: memory grew by ${grown.toFixed(0)} MiB`] : []),
      ...(failure === undefined ? [] : [`${name}: a client that is signed in was not served: ${failure.message}`]),
      ...(longest > SERVED ? [`${name}: a client that is signed in waited ${longest.toFixed(0)} ms`] : []),
      ...floodProblems(statuses).map((problem) => `${name}: ${problem}`),
    ],
    seed,
  )
}

/** What a flood must not bring about, in words. */
function floodProblems(statuses: Statuses): string[] {
  return [...statuses].flatMap(([status, times]) =>
    status === UNANSWERED
      ? [`${times} requests were not answered`]
      : status >= 500 && status !== 503
        ? [`answered with ${status}`]
        : [],
  )
}

const told = (statuses: Statuses): string =>
  [...statuses]
    .sort()
    .map(([status, times]) => `${status === UNANSWERED ? "unanswered" : status}: ${times}`)
    .join(", ")
