import { sequenceOf } from "@agentwrit/audit"
import type { AuditEvent } from "@agentwrit/contract"
import type { CallAnswer, CallInput, CallOptions } from "../broker-client.ts"
import { AgentWritError } from "../errors.ts"
import { delay, isPassing } from "../retry.ts"
import type { listEvents } from "./calls.ts"

/** What `GET /v1/audit/events` takes; filters join by "and". Instants are milliseconds since the Unix epoch. */
export type EventsQuery = NonNullable<CallInput<typeof listEvents>["query"]>

/** A page of the trail, in the chain's order. */
export type EventsPage = CallAnswer<typeof listEvents>

/** Which events to go through. `after` is an event's sequence number (1 for `evt-000001`): only later ones. */
export type EventsFilter = Omit<EventsQuery, "limit" | "offset">

/** How to follow the trail. */
export interface FollowOptions extends CallOptions {
  /** Milliseconds between two questions when nothing new was there. Default 1,000. */
  readonly intervalMs?: number | undefined
  /** Told of each failure that following goes on after. */
  readonly onTrouble?: ((error: AgentWritError) => void) | undefined
}

/** Asks for one page. */
export type FetchEvents = (query: EventsQuery, options: CallOptions) => Promise<EventsPage>

/** Events at once: the most that the broker answers. */
const PAGE = 1000

/** Longest wait after a failure, in milliseconds. */
const LONGEST_WAIT = 30_000

/** Goes through all events that match, page by page. Pages go on behind the last event, so that none is missed or comes twice. */
export async function* eachEvent(
  fetch: FetchEvents,
  filter: EventsFilter,
  options: CallOptions,
): AsyncGenerator<AuditEvent, void, undefined> {
  for (let after = filter.after; ; ) {
    const { events, limit } = await fetch({ ...filter, after, limit: PAGE }, options)
    yield* events
    const last = events.at(-1)
    if (last === undefined || events.length < limit) return
    after = placeOf(last, after)
  }
}

/** As {@link eachEvent}, and then waits for more; it ends only by its signal or a failure that does not pass. */
export async function* followedEvents(
  fetch: FetchEvents,
  filter: EventsFilter & { readonly after: number },
  { intervalMs = 1000, onTrouble, signal }: FollowOptions,
): AsyncGenerator<AuditEvent, void, undefined> {
  if (!(intervalMs >= 1 && intervalMs <= LONGEST_WAIT)) throw new TypeError("intervalMs must be from 1 to 30000")
  let failures = 0
  for (let { after } = filter; ; ) {
    let page: EventsPage | undefined
    try {
      page = await fetch({ ...filter, after, limit: PAGE }, { signal })
      failures = 0
    } catch (error) {
      signal?.throwIfAborted()
      if (!isPassing(error)) throw error
      onTrouble?.(error)
      await delay(waitAfter(error, intervalMs, ++failures), signal)
      continue
    }
    for (const event of page.events) {
      after = placeOf(event, after)
      yield event
    }
    if (page.events.length < page.limit) await delay(intervalMs, signal)
  }
}

/** Where to go on after an event; always further on, or one page would be gone through again and again. */
function placeOf({ id }: AuditEvent, after = 0): number {
  const sequence = sequenceOf(id)
  if (sequence !== undefined && sequence > after) return sequence
  throw new AgentWritError("unexpected_answer", `the broker answered the event ${id} after evt-${after}`, {
    hint: "verify the audit trail; what follows this event cannot be asked for",
  })
}

function waitAfter({ retryAfter = 0 }: AgentWritError, intervalMs: number, failures: number): number {
  return Math.min(Math.max(retryAfter * 1000, intervalMs * 2 ** Math.min(failures, 10)), LONGEST_WAIT)
}
