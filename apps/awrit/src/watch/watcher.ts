import { sequenceOf } from "@agentwrit/audit"
import type { AuditEvent } from "@agentwrit/contract"
import type { AgentsPage, AgentWritAdmin, EventsFilter, Health } from "@agentwrit/sdk/admin"
import { latestEvents } from "../latest-events.ts"

/** What a broker does now. */
export interface Snapshot {
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly health: Health
  /** The newest active agents, and how many there are. */
  readonly agents: AgentsPage
  /** Tokens issued and validated a second since the last snapshot; absent in the first. */
  readonly issuedRate?: number
  readonly validatedRate?: number
  /** What came since the last snapshot, oldest first. The first one has the last events of before. */
  readonly denied: readonly AuditEvent[]
  readonly revoked: readonly AuditEvent[]
}

/** A kind of events, and those that were read. */
interface Stream {
  readonly filter: EventsFilter
  after: number | undefined
  /** Read, and not yet in a snapshot. */
  unseen: AuditEvent[]
}

interface Counters {
  readonly at: number
  readonly issued: number
  readonly validated: number
}

/** Takes snapshots of a broker. One that failed is made up for by the next: no event is missed. */
export class Watcher {
  readonly #admin: AgentWritAdmin
  readonly #signal: AbortSignal
  readonly #past: number
  readonly #denied: Stream = { filter: { outcome: "denied" }, after: undefined, unseen: [] }
  readonly #revoked: Stream = {
    filter: { eventType: "token_revoked", outcome: "success" },
    after: undefined,
    unseen: [],
  }
  #counters: Counters | undefined

  /** @param past how many earlier events of each kind the first snapshot has. */
  constructor(admin: AgentWritAdmin, past: number, signal: AbortSignal) {
    this.#admin = admin
    this.#past = past
    this.#signal = signal
  }

  async next(): Promise<Snapshot> {
    const options = { signal: this.#signal }
    const [health, metrics, agents] = await Promise.all([
      this.#admin.health(options),
      this.#admin.metrics(options),
      this.#admin.listAgents({ status: "active" }, options),
    ])
    await this.#read(this.#denied)
    await this.#read(this.#revoked)
    const counters = {
      at: Date.now(),
      issued: sumOf(metrics, "agentwrit_tokens_issued_total"),
      validated: sumOf(metrics, "agentwrit_validations_total"),
    }
    const rates = this.#counters && ratesBetween(this.#counters, counters)
    this.#counters = counters
    return { at: counters.at, health, agents, ...rates, denied: taken(this.#denied), revoked: taken(this.#revoked) }
  }

  async #read(stream: Stream): Promise<void> {
    const { after, filter } = stream
    if (after === undefined) {
      const latest = await latestEvents(this.#admin, filter, this.#past, this.#signal)
      stream.unseen.push(...latest.events)
      stream.after = latest.after
      return
    }
    for await (const event of this.#admin.events({ ...filter, after }, { signal: this.#signal })) {
      stream.unseen.push(event)
      stream.after = sequenceOf(event.id)
    }
  }
}

function taken(stream: Stream): readonly AuditEvent[] {
  const { unseen } = stream
  stream.unseen = []
  return unseen
}

/** A broker that restarted counts from 0 again. */
function ratesBetween(before: Counters, now: Counters): { issuedRate: number; validatedRate: number } {
  const seconds = Math.max(now.at - before.at, 1) / 1000
  const rate = (from: number, to: number): number => (to >= from ? to - from : to) / seconds
  return {
    issuedRate: rate(before.issued, now.issued),
    validatedRate: rate(before.validated, now.validated),
  }
}

/** The sum of a metric over its labels, in Prometheus' text format. */
export function sumOf(metrics: string, name: string): number {
  const samples = metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)`, "gm"))
  return [...samples].reduce((sum, [, value]) => sum + Number(value), 0)
}
