import type { Authority, Observer } from "@agentwrit/authority"
import { parseScope, REVOCATION_LEVELS } from "@agentwrit/core"
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"
import { TtlCache } from "./ttl-cache.ts"

/** Values of the label `scope`. Agents choose actions and resources freely, so the rest count as `other`. */
const MAX_SCOPE_LABELS = 200

/**
 * Milliseconds for which the text is cached. Making it reads every agent and every open descriptor, and anyone may ask
 * for it; a scraper that asks every few seconds does not notice.
 */
const TEXT_TTL_MS = 250

/** Seconds. A token check takes microseconds, a commit milliseconds, a slow disk longer. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The broker's metrics (the guide's table, CONTRACT 7). */
export class Metrics {
  readonly #registry = new Registry()
  readonly #text = new TtlCache<Uint8Array<ArrayBuffer>>(TEXT_TTL_MS)
  readonly #scopes = new Set<string>()
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
  readonly #loaded = this.#gauge("audit_events_loaded", "Events in the trail at start")
  readonly #maintained = this.#gauge(
    "maintenance_last_run_timestamp_seconds",
    "When the background maintenance last ran to its end",
  )

  readonly #certificates = new Gauge({
    name: "agentwrit_tls_certificate_expiry_timestamp_seconds",
    help: "When a TLS file expires, by its variable",
    labelNames: ["file"],
    registers: [this.#registry],
  })

  constructor() {
    for (const status of ["success", "failure"]) {
      this.#registrations.inc({ status }, 0)
      this.#signIns.inc({ status }, 0)
    }
    for (const level of REVOCATION_LEVELS) this.#revoked.inc({ level }, 0)
    for (const decision of ["valid", "invalid"]) this.#validations.inc({ decision }, 0)
    for (const operation of ["commit", "checkpoint", "query"]) this.#storeErrors.inc({ operation }, 0)
  }

  /** Moves the metrics; give it to `openAuthority`. */
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

  /** Adds the gauges of an authority, which are read when the metrics are. */
  watch(authority: Authority): void {
    const agents = this.#gauge("active_agents", "Agents whose own token is valid", async () => {
      // The last count stands while the store cannot be read: the observer learns of that, and all other metrics are
      // served.
      await authority.countActiveAgents().then(
        (count) => agents.set(count),
        () => undefined,
      )
    })
    const chain = this.#gauge("audit_chain_ok", "1 unless the audit trail does not verify", () =>
      chain.set(authority.health().auditChain === "broken" ? 0 : 1),
    )
    const store = this.#gauge("store_ok", "1 while the store can commit", () =>
      store.set(authority.health().status === "ok" ? 1 : 0),
    )
  }

  /** Adds Node's process metrics, which only one broker of a process may do. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#registry })
    // They are gauges with a counter's name, which `promtool check metrics` refuses. The same by type stays.
    for (const what of ["handles", "requests", "resources"])
      this.#registry.removeSingleMetric(`nodejs_active_${what}_total`)
  }

  /** Sets how many events the trail had at the start. */
  started(events: number): void {
    this.#loaded.set(events)
  }

  /** Sets when a TLS file expires, in Unix seconds. */
  certificateExpires(variable: string, at: number): void {
    this.#certificates.set({ file: variable }, at)
  }

  /** A function that counts a request to a route by its duration in seconds. */
  timer(pattern: string): (seconds: number) => void {
    const child = this.#requests.labels(pattern)
    return (seconds) => child.observe(seconds)
  }

  /** Everything in Prometheus' text format, as it was at most a moment ago. All readers share the bytes. */
  text(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#text.get(async () => Buffer.from(await this.#registry.metrics()))
  }

  #scopeLabel(scope: string | undefined): string {
    if (scope === undefined) return "other"
    const { action, resource } = parseScope(scope)
    const label = `${action}:${resource}:*`
    if (!this.#scopes.has(label) && this.#scopes.size >= MAX_SCOPE_LABELS) return "other"
    this.#scopes.add(label)
    return label
  }

  #counter(name: string, help: string, ...labelNames: string[]): Counter {
    return new Counter({ name: `agentwrit_${name}`, help, labelNames, registers: [this.#registry] })
  }

  #gauge(name: string, help: string, collect?: () => void | Promise<void>): Gauge {
    const options = { name: `agentwrit_${name}`, help, registers: [this.#registry] }
    return new Gauge(collect === undefined ? options : { ...options, collect })
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name: `agentwrit_${name}`, help, buckets, registers: [this.#registry] })
  }
}
