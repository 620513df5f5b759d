import { call, trail } from "@agentwrit/testing/client"
import { address, type Flooded, floodOf, head } from "./flood.ts"

// The bounds of CONTRACT 4 and decision 0004.

/** Denials of one source with an event each, and seconds after which one of them comes back. */
const BURST = 50
const REGAIN = 12

/** The same for all sources that have proven nothing; each second so many come back. */
const BURST_OF_ALL = 5000
const REGAINED_OF_ALL = 20

/** Events that one denial has at the most, which count once: a renewal with a bad token is told as both. */
const MOST_OF_A_DENIAL = 2

/** Events a second that tell of denials that were folded, over all sources. */
const FOLDED = 20

/** Seconds until all denials must have been counted. */
const PATIENCE = 5

/** A request with a bearer token that is none. */
export const badToken = (number: number, source: string): string =>
  head(
    "POST /v1/token/renew",
    `Authorization: Bearer eyJ.${number.toString(36)}.x\r\nX-Forwarded-For: ${source}\r\nContent-Length: 0\r\n`,
  )

/**
 * Bad tokens of one source, before any others: after a burst they fold into one event a second, and none goes uncounted.
 * @returns how often the client beside it registered an agent.
 */
export async function oneSource(flooded: Flooded, count: number): Promise<number> {
  const { broker, admin, row, seed } = flooded
  const began = performance.now()
  let token = 0
  const next = () => badToken(token++, address(2 ** 20))
  const served = await floodOf(flooded, { name: "bad tokens of one source", count, next, statuses: [401] })
  const told = await denialsTold(broker.url, admin, count)
  const seconds = (performance.now() - began) / 1000
  const bound = Math.ceil(BURST + seconds / REGAIN + seconds + 1)
  row.note(`${told.events} events tell of ${told.denials} of them`)
  row.check(
    [
      ...(told.events > bound ? [`one source has ${told.events} events, more than ${bound}`] : []),
      ...(told.denials === count ? [] : [`of ${count} denials of one source ${told.denials} are told`]),
    ],
    seed,
  )
  return served
}

/** How many events tell of how many denials, once they tell of all or have had the time to. */
async function denialsTold(url: string, admin: string, expected: number) {
  const end = performance.now() + PATIENCE * 1000
  for (;;) {
    const events = (await trail(url, admin)).filter((event) => event["event_type"] === "token_auth_failed")
    const counts = events.map(({ detail }) => Number(/ count=(\d+)$/.exec(String(detail))?.[1] ?? 1))
    const denials = counts.reduce((sum, count) => sum + count, 0)
    if (denials >= expected || performance.now() > end) return { events: events.length, denials }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** What happened since a start. */
export interface Happened {
  /** `performance.now()` of the start. */
  readonly since: number
  /** Events that the denials would be, had each its own. */
  readonly denied: number
  /** Events of those who were served. */
  readonly served: number
}

/** Whether the trail is bounded whatever strangers send; `untried`: they sent too little to show it. */
export async function trailVerdict(
  { broker, row }: Flooded,
  { since, denied, served }: Happened,
): Promise<{ readonly problems: string[]; readonly untried: boolean }> {
  const seconds = (performance.now() - since) / 1000 + 1
  const single = MOST_OF_A_DENIAL * (BURST_OF_ALL + REGAINED_OF_ALL * seconds)
  const bound = Math.ceil(single + FOLDED * seconds + served)
  const total = (await call(broker.url, "GET /v1/health")).body.audit_events_count
  if (!Number.isInteger(total)) throw new Error(`the trail has ${total} events, which is no number`)
  row.note(`${total} events in the trail, ${bound} at most; unbounded they were ${denied + served}`)
  return {
    problems: total > bound ? [`the trail has ${total} events, more than ${bound}`] : [],
    untried: denied + served <= bound,
  }
}
