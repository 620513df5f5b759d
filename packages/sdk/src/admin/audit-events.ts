import { sequenceOf } from "@agentwrit/audit"
import type { AuditEvent } from "@agentwrit/contract"
import type { CallAnswer, CallInput, CallOptions } from "../broker-client.ts"
import { AgentWritError } from "../errors.ts"
import { delay, isTransient } from "../retry.ts"
import type { listEvents } from "./calls.ts"

/**
 * The query of `GET /v1/audit/events`; an event must match all filters. Instants are milliseconds since the Unix epoch.
 */
export type EventsQuery = NonNullable<CallInput<typeof listEvents>["query"]>

/** A page of the trail, in the chain's order. */
export type EventsPage = CallAnswer<typeof listEvents>

/** Which events to list. `after` is an event's sequence number (1 for `evt-000001`): only later ones. */
export type EventsFilter = Omit<EventsQuery, "limit" | "offset">

/** How to follow the trail. */
export interface FollowOptions extends CallOptions {
  /** Milliseconds between two requests when there are no new events. Default 1,000. */
  readonly intervalMs?: number | undefined
  /** Called with each temporary failure. */
  readonly onTrouble?: ((error: AgentWritError) => void) | undefined
}

export type FetchEvents = (query: EventsQuery, options: CallOptions) => Promise<EventsPage>

/** The longest page of the broker. */
const PAGE_LENGTH = 1000

/** The longest wait after a failure. */
const MAX_WAIT_MS = 30_000

/** Lists all events that match. Each page continues after the last event, so that none is missed or repeated. */
export async function* eachEvent(
  fetch: FetchEvents,
  filter: EventsFilter,
  options: CallOptions,
): AsyncGenerator<AuditEvent, void, undefined> {
  for (let after = filter.after; ; ) {
    const { events, total } = await fetch({ ...filter, after, limit: PAGE_LENGTH }, options)
    yield* events
    const last = events.at(-1)
    // A page may end before its limit, because its bytes are limited too.
    if (last === undefined || events.length >= total) return
    after = positionOf(last, after)
  }
}

/** As {@link eachEvent}, and then waits for more. It ends by its signal, or by a failure that is not temporary. */
export async function* followedEvents(
  fetch: FetchEvents,
  filter: EventsFilter & { readonly after: number },
  { intervalMs = 1000, onTrouble, signal }: FollowOptions,
): AsyncGenerator<AuditEvent, void, undefined> {
  if (!(intervalMs >= 1 && intervalMs <= MAX_WAIT_MS)) throw new TypeError("intervalMs must be from 1 to 30000")
  let failures = 0
  for (let { after } = filter; ; ) {
    let page: EventsPage | undefined
    try {
      page = await fetch({ ...filter, after, limit: PAGE_LENGTH }, { signal })
      failures = 0
    } catch (error) {
      signal?.throwIfAborted()
      if (!isTransient(error)) throw error
      onTrouble?.(error)
      await delay(waitAfter(error, intervalMs, ++failures), signal)
      continue
    }
    for (const event of page.events) {
      after = positionOf(event, after)
      yield event
    }
    if (page.events.length >= page.total) await delay(intervalMs, signal)
  }
}

/** The position after an event. It must grow, or the same page would be read again and again. */
function positionOf({ id }: AuditEvent, after = 0): number {
  const sequence = sequenceOf(id)
  if (sequence !== undefined && sequence > after) return sequence
  throw new AgentWritError("unexpected_answer", `the broker sent the event ${id} after evt-${after}`, {
    hint: "verify the audit trail; the events after this one cannot be requested",
  })
}

function waitAfter({ retryAfter = 0 }: AgentWritError, intervalMs: number, failures: number): number {
  return Math.min(Math.max(retryAfter * 1000, intervalMs * 2 ** Math.min(failures, 10)), MAX_WAIT_MS)
}
