import type { Authority, Observer } from "@agentwrit/authority"
import { parseScope } from "@agentwrit/core"
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"
import { ActiveAgents } from "./active-agents.ts"
import { KeptFor } from "./kept-for.ts"

/** Different values of the label `scope`; agents name actions and resources as they like, so that the rest count as `other`. */
const MAX_SCOPES = 200

/**
 * Milliseconds for which a text is kept: anyone may ask, and a thousand times in one packet. Ten a second take 2 % of the thread,
 * and a scraper that asks every few seconds does not notice.
 */
const TEXT_LIFE = 100

/** Milliseconds for the process' own, which reads every open descriptor: 30 ms and more with thousands of connections. */
const PROCESS_LIFE = 1000

/** Seconds: a check of a token takes microseconds, a commit milliseconds, a slow disk more. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The broker's metrics (the guide's table, CONTRACT 7). */
export class Metrics {
  readonly #registry = new Registry()
  readonly #process = new Registry()
  readonly #text = new KeptFor<Uint8Array<ArrayBuffer>>(TEXT_LIFE)
  readonly #processText = new KeptFor<string>(PROCESS_LIFE)
  readonly #scopes = new Set<string>()
  readonly #activeAgents = new ActiveAgents()
  readonly #issued = this.#counter("tokens_issued_total", "Tokens issued, by primary scope", "scope")
  readonly #revoked = this.#counter("tokens_revoked_total", "Revocations by POST /v1/revoke, by level", "level")
  readonly #registrations = this.#counter("registrations_total", "Agent registration attempts", "status")
  readonly #signIns = this.#counter("admin_auth_total", "Admin authentication attempts", "status")
  readonly #launchTokens = this.#counter("launch_tokens_created_total", "Launch tokens created")
  readonly #skew = this.#counter("clock_skew_total", "Genuine tokens that are not valid yet by this clock")
  readonly #events = this.#counter("audit_events_total", "Events written to the audit trail, by type", "event_type")
  readonly #storeErrors = this.#counter("db_errors_total", "Failures of the store, by operation", "operation")
  readonly #validations = this.#counter("validations_total", "Tokens validated for others, by decision", "decision")
  readonly #writes = this.#histogram(
    "audit_write_duration_seconds",
    "Time from a change to its commit on disk",
    BUCKETS,
  )
  readonly #depth = this.#histogram("delegation_depth", "Depth of the chains that delegations made", [1, 2, 3, 4, 5])
  readonly #requests = new Histogram({
    name: "agentwrit_request_duration_seconds",
    help: "HTTP request latency, by route",
    labelNames: ["endpoint"],
    buckets: BUCKETS,
    registers: [this.#registry],
  })
  readonly #agents = this.#gauge("active_agents", "Agents whose own token is good")
  readonly #loaded = this.#gauge("audit_events_loaded", "Events in the trail at start")
  readonly #chain = this.#gauge("audit_chain_ok", "1 unless the audit trail does not verify")
  readonly #store = this.#gauge("store_ok", "1 while the store can commit")
  readonly #maintained = this.#gauge(
    "maintenance_last_run_timestamp_seconds",
    "When the background maintenance last ran to its end",
  )

  constructor() {
    for (const status of ["success", "failure"]) {
      this.#registrations.inc({ status }, 0)
      this.#signIns.inc({ status }, 0)
    }
    for (const level of ["token", "agent", "task", "chain"]) this.#revoked.inc({ level }, 0)
    for (const decision of ["valid", "invalid"]) this.#validations.inc({ decision }, 0)
    for (const operation of ["commit", "checkpoint", "query"]) this.#storeErrors.inc({ operation }, 0)
  }

  /** What an authority has to tell so that the metrics move; give it to `openAuthority`. */
  readonly observer: Observer = {
    committed: (events, seconds) => {
      this.#writes.observe(seconds)
      for (const event of events) {
        this.#events.inc({ event_type: event.event_type })
        if (event.outcome !== "success") continue
        if (event.event_type === "agent_registered") this.#registrations.inc({ status: "success" })
        if (event.event_type === "admin_auth") this.#signIns.inc({ status: "success" })
        if (event.event_type === "launch_token_issued") this.#launchTokens.inc()
        if (event.event_type === "delegation_created") this.#depth.observe(event.deleg_depth ?? 1)
      }
    },
    denied: (eventType) => {
      if (eventType === "registration_policy_violation") this.#registrations.inc({ status: "failure" })
      if (eventType === "admin_auth_failed") this.#signIns.inc({ status: "failure" })
    },
    tokenIssued: ({ scope }) => this.#issued.inc({ scope: this.#scopeLabel(scope[0]) }),
    revoked: (level) => this.#revoked.inc({ level }),
    validated: (valid) => this.#validations.inc({ decision: valid ? "valid" : "invalid" }),
    clockSkew: () => this.#skew.inc(),
    storeFailed: (operation) => this.#storeErrors.inc({ operation }),
    maintained: ({ at }) => this.#maintained.set(at / 1000),
  }

  /** Media type of {@link Metrics.text}. */
  get mediaType(): string {
    return this.#registry.contentType
  }

  /** Adds Node's own process metrics. They are of the process, so that one broker in it has them. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#process })
  }

  /** Says how long the trail was at the start. */
  started(events: number): void {
    this.#loaded.set(events)
  }

  /** Takes the duration, in seconds, of a request to a route. */
  timer(pattern: string): (seconds: number) => void {
    const child = this.#requests.labels(pattern)
    return (seconds) => child.observe(seconds)
  }

  /** Everything in Prometheus' text format, as it was a moment ago at most; in bytes, of which all answers share one copy. */
  text(authority: Authority): Promise<Uint8Array<ArrayBuffer>> {
    return this.#text.get(async () => {
      const { status, auditChain } = authority.health()
      this.#store.set(status === "ok" ? 1 : 0)
      this.#chain.set(auditChain === "broken" ? 0 : 1)
      const agents = await this.#activeAgents.count(authority)
      if (agents !== undefined) this.#agents.set(agents)
      const ofProcess = await this.#processText.get(() => this.#process.metrics())
      return Buffer.from(`${await this.#registry.metrics()}\n${ofProcess}`)
    })
  }

  #scopeLabel(scope: string | undefined): string {
    if (scope === undefined) return "other"
    const { action, resource } = parseScope(scope)
    const label = `${action}:${resource}:*`
    if (!this.#scopes.has(label) && this.#scopes.size >= MAX_SCOPES) return "other"
    this.#scopes.add(label)
    return label
  }

  #counter(name: string, help: string, ...labelNames: string[]): Counter {
    return new Counter({ name: `agentwrit_${name}`, help, labelNames, registers: [this.#registry] })
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name: `agentwrit_${name}`, help, registers: [this.#registry] })
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name: `agentwrit_${name}`, help, buckets, registers: [this.#registry] })
  }
}
